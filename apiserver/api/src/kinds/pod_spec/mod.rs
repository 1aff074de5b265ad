//! The spec of a pod, shared by Pods and by every kind with a template.

/// What a spec says when the user does not.
pub(crate) mod default;
/// How much the node may promise a pod's containers.
pub(crate) mod qos;
