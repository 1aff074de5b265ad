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
/// The kinds that are served, those of definitions among them.
mod served;
/// Keeping spec and status apart.
mod status;

/// The template of a workload.
mod template;

/// Numbers of pods that may be missing or too many.
mod rolling;

/// Webhooks and policies.
mod admission;
mod api_service;
mod apps;
mod batch;
mod certificates;
mod config_map;
mod custom_resource_definition;
mod deployment;
mod endpoint_slice;
mod endpoints;
mod event;
mod flowcontrol;
mod horizontal_pod_autoscaler;
mod lease;
mod limit_range;
mod namespace;
mod networking;
mod node;
mod pod;
mod pod_disruption_budget;
mod pod_template;
mod priority_class;
mod rbac;
mod replica_set;
mod replication_controller;
mod resource;
mod resource_quota;
mod runtime_class;
mod secret;
mod service;
mod service_account;
mod storage;

use crate::{Kind, kind::Version};

/// Rows by name, for code outside the generic path (controllers, the node).
pub use admission::{
    mutating_admission_policy::{BINDING as MUTATING_ADMISSION_POLICY_BINDING, KIND as MUTATING_ADMISSION_POLICY},
    mutating_webhook_configuration::KIND as MUTATING_WEBHOOK_CONFIGURATION,
    validating_admission_policy::KIND as VALIDATING_ADMISSION_POLICY,
    validating_admission_policy_binding::KIND as VALIDATING_ADMISSION_POLICY_BINDING,
    validating_webhook_configuration::KIND as VALIDATING_WEBHOOK_CONFIGURATION,
};
pub use api_service::KIND as API_SERVICE;
pub use apps::{
    controller_revision::KIND as CONTROLLER_REVISION, daemon_set::KIND as DAEMON_SET, stateful_set::KIND as STATEFUL_SET,
};
pub use batch::{cron_job::KIND as CRON_JOB, job::KIND as JOB};
pub use certificates::{
    certificate_signing_request::KIND as CERTIFICATE_SIGNING_REQUEST, cluster_trust_bundle::KIND as CLUSTER_TRUST_BUNDLE,
};
pub use config_map::KIND as CONFIG_MAP;
pub use custom_resource_definition::KIND as CUSTOM_RESOURCE_DEFINITION;
pub use deployment::KIND as DEPLOYMENT;
pub use endpoint_slice::KIND as ENDPOINT_SLICE;
pub use endpoints::KIND as ENDPOINTS;
pub use event::KIND as EVENT;
pub use flowcontrol::{flow_schema::KIND as FLOW_SCHEMA, priority_level::KIND as PRIORITY_LEVEL_CONFIGURATION};
pub use horizontal_pod_autoscaler::KIND as HORIZONTAL_POD_AUTOSCALER;
pub use lease::KIND as LEASE;
pub use limit_range::KIND as LIMIT_RANGE;
pub use namespace::KIND as NAMESPACE;
pub use networking::{
    ingress::KIND as INGRESS, ingress_class::KIND as INGRESS_CLASS, ip_address::KIND as IP_ADDRESS,
    network_policy::KIND as NETWORK_POLICY, service_cidr::KIND as SERVICE_CIDR,
};
pub use node::KIND as NODE;
pub use pod::KIND as POD;
pub use pod_disruption_budget::KIND as POD_DISRUPTION_BUDGET;
pub(crate) use pod_spec::qos::class as pod_quality;
pub use pod_template::KIND as POD_TEMPLATE;
pub use priority_class::{HIGHEST as HIGHEST_USER_PRIORITY, KIND as PRIORITY_CLASS, SYSTEM as SYSTEM_PRIORITY_CLASSES};
pub use rbac::{
    binding::{CLUSTER_ROLE_BINDING, ROLE_BINDING},
    role::{CLUSTER_ROLE, ROLE},
};
pub use replica_set::KIND as REPLICA_SET;
pub use replication_controller::KIND as REPLICATION_CONTROLLER;
pub use resource::{
    claim::{KIND as RESOURCE_CLAIM, TEMPLATE as RESOURCE_CLAIM_TEMPLATE},
    device_class::KIND as DEVICE_CLASS,
    slice::KIND as RESOURCE_SLICE,
};
pub use resource_quota::KIND as RESOURCE_QUOTA;
pub use runtime_class::KIND as RUNTIME_CLASS;
pub use secret::KIND as SECRET;
pub use served::Kinds;
pub use service::KIND as SERVICE;
pub use service_account::KIND as SERVICE_ACCOUNT;
pub use storage::{
    csi_driver::KIND as CSI_DRIVER,
    csi_node::KIND as CSI_NODE,
    csi_storage_capacity::KIND as CSI_STORAGE_CAPACITY,
    persistent_volume::KIND as PERSISTENT_VOLUME,
    persistent_volume_claim::KIND as PERSISTENT_VOLUME_CLAIM,
    storage_class::{IS_DEFAULT as IS_DEFAULT_STORAGE_CLASS, KIND as STORAGE_CLASS},
    volume_attachment::KIND as VOLUME_ATTACHMENT,
    volume_attributes_class::KIND as VOLUME_ATTRIBUTES_CLASS,
};

/// The rows, in the order in which discovery lists them.
pub static ALL: &[&Kind] = &[
    &CONFIG_MAP,
    &ENDPOINTS,
    &EVENT,
    &LIMIT_RANGE,
    &NAMESPACE,
    &NODE,
    &PERSISTENT_VOLUME_CLAIM,
    &PERSISTENT_VOLUME,
    &POD,
    &POD_TEMPLATE,
    &REPLICATION_CONTROLLER,
    &RESOURCE_QUOTA,
    &SECRET,
    &SERVICE_ACCOUNT,
    &SERVICE,
    &API_SERVICE,
    &CONTROLLER_REVISION,
    &DAEMON_SET,
    &DEPLOYMENT,
    &REPLICA_SET,
    &STATEFUL_SET,
    &HORIZONTAL_POD_AUTOSCALER,
    &CRON_JOB,
    &JOB,
    &CERTIFICATE_SIGNING_REQUEST,
    &CLUSTER_TRUST_BUNDLE,
    &MUTATING_WEBHOOK_CONFIGURATION,
    &VALIDATING_ADMISSION_POLICY,
    &VALIDATING_ADMISSION_POLICY_BINDING,
    &VALIDATING_WEBHOOK_CONFIGURATION,
    // behind those that are v1: the first row says which version of a group is preferred
    &MUTATING_ADMISSION_POLICY,
    &MUTATING_ADMISSION_POLICY_BINDING,
    &LEASE,
    &ENDPOINT_SLICE,
    &FLOW_SCHEMA,
    &PRIORITY_LEVEL_CONFIGURATION,
    &INGRESS_CLASS,
    &INGRESS,
    &IP_ADDRESS,
    &NETWORK_POLICY,
    &SERVICE_CIDR,
    &RUNTIME_CLASS,
    &POD_DISRUPTION_BUDGET,
    &CLUSTER_ROLE_BINDING,
    &CLUSTER_ROLE,
    &ROLE_BINDING,
    &ROLE,
    &DEVICE_CLASS,
    &RESOURCE_CLAIM,
    &RESOURCE_CLAIM_TEMPLATE,
    &RESOURCE_SLICE,
    &PRIORITY_CLASS,
    &CSI_DRIVER,
    &CSI_NODE,
    &CSI_STORAGE_CAPACITY,
    &STORAGE_CLASS,
    &VOLUME_ATTACHMENT,
    &VOLUME_ATTRIBUTES_CLASS,
    &CUSTOM_RESOURCE_DEFINITION,
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
