//! The API server: one way in for every request.

/// What a start needs to know.
mod config;
/// The door to the nodes, which others implement.
mod node;

pub use config::Config;
pub use node::{Body as NodeBody, NoNodes, NodeConnector};
