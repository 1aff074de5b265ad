//! The kubelet: from pods that are bound to this node to guests that run, and back to their status. Read in this order.

/// A node as a value: registered, running its pods, answering; until it is stopped.
mod node;

/// Gives every pod its worker, and tells the worker what happens to it.
mod pods;

/// One actor per pod: looks at what is, does what the plan says, writes the status.
mod pod_worker;

/// What a pod worker knows of its pod: the containers as they are.
mod state;

/// What to do next for a pod's containers. Pure.
mod plan;

/// A pod's status from what its worker knows. Pure.
mod status;

/// Whether a pod that was bound to this node can be run by it.
mod admission;

/// Back-off as upstream's: at once, 10 s, 20 s ... 300 s.
mod backoff;

/// One run of a container: from its image to a guest that listens, and its end.
mod container;

/// What a container leaves behind as its last message.
mod termination;

/// What a pod calls itself, and the files that tell its containers. Pure.
mod identity;

/// Starts a program in a container's sandbox.
pub(crate) mod exec;

/// A lifecycle hook: after a container has started, before it is stopped.
mod hook;

/// A container's environment, command and arguments. Pure.
pub(crate) mod env;

/// The downward API: what `fieldRef` and `resourceFieldRef` say of a pod. Pure.
pub(crate) mod field_ref;

/// Fetches the ConfigMaps and Secrets a pod refers to.
pub(crate) mod sources;

/// When to probe, and what so many results in a row mean.
mod prober;

/// One look at a container: HTTP or TCP, through the fabric.
mod probe;

/// What every pod worker needs of its node.
mod host;

/// What the node keeps of Pods and Services.
mod views;

/// Pod addresses out of the node's network.
mod ipam;

/// The Node object: what the machine has and how it does.
mod node_status;

/// The node's sign of life: its Lease.
mod lease;

/// The node's own HTTP: logs of containers, images, health.
mod server;

/// Which log a request asks for, and which part of it. Pure.
mod log_request;

pub use node::{Error, Node, NodeConfig};

#[cfg(test)]
mod tests;
