//! The controllers, one file or folder each.

/// Fills ClusterRoles that are made of others.
mod cluster_role_aggregation;
/// Rolls pods from one template to the next.
mod deployment;
/// Says who is behind each Service.
mod endpoints;
/// Keeps the number of pods at what is wanted.
mod replicaset;

/// The difference of two states as a merge patch.
mod difference;
/// What can go wrong.
mod error;
/// Says what happened.
mod events;
/// Deletes what nobody owns any more.
mod garbage_collector;
/// What a namespace is given, and how it ends.
mod namespace;
/// Reads and writes of any kind.
mod objects;
/// What namespaces use of their quotas.
mod resource_quota;
/// What is wrong with the expressions of policies.
mod validating_admission_policy;

/// Whether nodes live, and what becomes of the pods of those that do not.
mod node;

/// Who belongs to whom.
mod ownership;
/// Volumes and claims.
mod volume;

use client::Controller;
pub use error::Error;

/// What controllers cannot learn from the API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The certificate of the cluster's CA, for pods that speak to the API.
    pub root_ca_pem: String,
}

/// Every controller, ready for [`client::Manager::start`].
pub fn all(settings: Settings) -> Vec<Controller> {
    vec![
        cluster_role_aggregation::controller(),
        deployment::controller(),
        replicaset::replicaset(),
        replicaset::replication_controller(),
        endpoints::slices(),
        endpoints::endpoints(),
        endpoints::mirroring(),
        endpoints::leftovers(),
        garbage_collector::controller(),
        namespace::service_account(),
        namespace::root_ca(settings.root_ca_pem),
        namespace::deletion(),
        node::lifecycle(),
        node::taint_eviction(),
        node::pod_gc(),
        volume::claims(),
        volume::volumes(),
        volume::claim_protection(),
        volume::volume_protection(),
        resource_quota::controller(),
        validating_admission_policy::controller(),
    ]
}
