//! Images: what a pod's `image:` names, and the node's own store of them.

/// References as containerd reads them: `hello` is `docker.io/library/hello:latest`.
pub mod name;
/// Whether an image is there, must be pulled, or may not be.
pub(crate) mod policy;
/// Names → digest → module, in a directory or in the binary.
pub mod store;

pub use name::Reference;
pub use store::{BuiltIn, Error, Image, Store};
