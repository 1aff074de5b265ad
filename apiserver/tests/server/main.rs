//! The server as its clients see it; every test starts one of its own.

/// What the server itself changes and refuses.
mod admission;
/// Server-side apply, and who owns which field.
mod apply;
/// Kinds that definitions describe.
mod definitions;
/// Custom kinds with the real `kubectl`.
mod definitions_kubectl;
/// Sockets, the feed, the nodes.
mod doors;
/// A server of one's own, asked in process.
mod harness;
/// Who speaks, and for whom.
mod identity;
/// What the real `kubectl` says.
mod kubectl;
/// The life of objects.
mod objects;
/// Policies as expressions.
mod policies;
/// What reads and deletes may be told, and the forms of answers.
mod reading;
/// Pods, namespaces, services: what is special to them.
mod special;
/// What webhooks say happens.
mod webhooks;
/// Writes of every `kubectl` there is.
mod writers;
