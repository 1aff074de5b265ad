//! The server as its clients see it; every test starts one of its own.

/// Sockets, the feed, the nodes.
mod doors;
/// A server of one's own, asked in process.
mod harness;
/// What the real `kubectl` says.
mod kubectl;
/// The life of objects.
mod objects;
/// Pods, namespaces, services: what is special to them.
mod special;
