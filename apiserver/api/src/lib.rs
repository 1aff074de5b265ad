//! The vocabulary of the API: objects, kinds, errors, selectors, patches; no IO.
//!
//! Read in this order.

/// CEL as Kubernetes speaks it.
pub mod cel;
/// Kinds that a CustomResourceDefinition describes.
pub mod custom;
/// What a watch says: added, modified, deleted, bookmark.
pub mod event;
/// How the in-process clients are fed.
pub mod feed;
/// Errors of single fields, in upstream's words.
pub mod field;
/// Bodies against the schema: duplicate and unknown fields, types, canonical values.
pub mod fields;
/// Who speaks: the identity a request travels with.
pub mod identity;
/// Names of things: [`key::Key`], [`key::Revision`], group, version and kind.
pub mod key;
/// The row that describes one kind; all that differs between kinds is data.
pub mod kind;
/// Every built-in kind, one file and one row each.
pub mod kinds;
/// Who owns which field: managedFields and server-side apply.
pub mod managed;
/// What names of all sorts must look like.
pub mod names;
/// An object as it is stored, sent and watched: head, revision, tail.
pub mod object;
/// OpenAPI v2 and v3, from rows and schema.
pub mod openapi;
/// JSON patch, JSON merge patch, strategic merge patch.
pub mod patch;
/// Protobuf to JSON and back by the schema.
pub mod protobuf;
/// Amounts of resources.
pub mod quantity;
/// What objects count for against a quota.
pub mod quota;
/// What the API's types are made of: one generated table.
pub mod schema;
/// Label and field selectors.
pub mod selector;
/// The one error a client sees.
pub mod status;

pub use event::{Event, EventKind};
pub use feed::{Feed, Opened};
pub use identity::Identity;
pub use key::{GroupVersionKind, Key, Revision};
pub use kind::Kind;
pub use object::{Draft, Object};
pub use status::Status;
