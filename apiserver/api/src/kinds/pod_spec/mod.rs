//! The spec of a pod, shared by Pods and by every kind with a template.

/// What a spec says when the user does not.
pub(crate) mod default;
/// How much the node may promise a pod's containers.
pub(crate) mod qos;
/// Every complaint about a spec; the modules below have the parts.
pub(crate) mod validate;

/// What is hardly meant.
pub(crate) mod warnings;

/// Containers of all three sorts.
pub(crate) mod container;
/// Environment variables.
mod env;
/// Where volumes appear.
mod mount;
/// Where a pod may run.
pub(crate) mod placement;
/// Probes and hooks.
mod probe;
/// Limits and requests.
pub(crate) mod resources;
/// A pod's volumes.
mod volume;
