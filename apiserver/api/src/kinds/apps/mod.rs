//! Workloads beyond those of stateless pods: `apps`.

pub(crate) mod controller_revision;
pub(crate) mod daemon_set;
pub(crate) mod stateful_set;
