//! Every built-in kind, one file and one row each.

/// Checks that fields of many kinds share.
mod checks;
/// Cells that several kinds share.
pub mod columns;
/// Filling in what a user left out.
mod default;
/// What `metadata` must look like, for every kind alike.
pub mod metadata;
/// The spec of a pod, in Pods and in templates.
mod pod_spec;
/// Reading JSON that may lack anything.
mod read;
/// Keeping spec and status apart.
mod status;

/// The template of a workload.
mod template;

mod config_map;
mod deployment;
mod endpoint_slice;
mod endpoints;
mod event;
mod lease;
mod namespace;
mod node;
mod pod;
mod replica_set;
mod replication_controller;
mod secret;
mod service;
mod service_account;

use crate::{Kind, kind::Version};

/// Rows by name, for code outside the generic path (controllers, the node).
pub use config_map::KIND as CONFIG_MAP;
pub use deployment::KIND as DEPLOYMENT;
pub use endpoint_slice::KIND as ENDPOINT_SLICE;
pub use endpoints::KIND as ENDPOINTS;
pub use event::KIND as EVENT;
pub use lease::KIND as LEASE;
pub use namespace::KIND as NAMESPACE;
pub use node::KIND as NODE;
pub use pod::KIND as POD;
pub use replica_set::KIND as REPLICA_SET;
pub use replication_controller::KIND as REPLICATION_CONTROLLER;
pub use secret::KIND as SECRET;
pub use service::KIND as SERVICE;
pub use service_account::KIND as SERVICE_ACCOUNT;

/// The rows, in the order in which discovery lists them.
pub static ALL: &[&Kind] = &[
    &CONFIG_MAP,
    &ENDPOINTS,
    &EVENT,
    &NAMESPACE,
    &NODE,
    &POD,
    &REPLICATION_CONTROLLER,
    &SECRET,
    &SERVICE_ACCOUNT,
    &SERVICE,
    &DEPLOYMENT,
    &REPLICA_SET,
    &LEASE,
    &ENDPOINT_SLICE,
];

/// The row served under `group`/`version` as `plural`.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    served(group, version, |kind| kind.plural == plural)
}

/// The row whose objects say `apiVersion: group/version` and `kind: kind`.
pub fn by_kind(group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
    served(group, version, |row| row.kind == kind)
}

fn served(group: &str, version: &str, wanted: impl Fn(&Kind) -> bool) -> Option<&'static Kind> {
    let speaks = |v: &Version| v.group == group && v.version == version;
    ALL.iter().copied().find(|kind| wanted(kind) && kind.versions.iter().any(speaks))
}

#[cfg(test)]
mod tests;
