//! Whether nodes live, and what becomes of the pods of those that do not.

/// Evicts who does not tolerate any longer.
mod eviction;
/// Conditions and taints of a node; pure.
mod health;
/// Says that a node is not heard of any more.
mod lifecycle;
/// Deletes pods that no node will ever end.
mod pod_gc;
/// How long a pod tolerates its node's taints; pure.
mod toleration;

pub(crate) use eviction::controller as taint_eviction;
pub(crate) use lifecycle::controller as lifecycle;
pub(crate) use pod_gc::controller as pod_gc;
