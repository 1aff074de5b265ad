//! The API client: informers, the work queue, the controller row and its manager.
//!
//! Everybody who is not the API server reads through an [`Informer`] and writes through `kube`. Read in this order.

/// What every client is given: the connection, who it is, its informers and its tasks.
pub mod cluster;
/// The row that describes a controller.
pub mod controller;
/// What can go wrong, and which of it is nobody's fault.
pub mod error;
/// A cache of one kind that says what changed.
pub mod informer;
/// Runs controllers.
pub mod manager;
/// A deduplicating work queue.
pub mod queue;
/// Says what happened, as Events.
pub mod recorder;
/// What an informer keeps of an object.
pub mod view;
/// The views that several crates share.
pub mod views;

pub use cluster::{Cluster, Source};
pub use controller::{Action, Controller};
pub use error::Error;
pub use informer::{Change, Changes, Informer, Message};
pub use manager::Manager;
pub use queue::Queue;
pub use recorder::{EventType, Recorder};
pub use view::{Item, Metadata, Owner, View};
