//! The controllers, one file or folder each.

/// Requests for certificates.
mod certificates;
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

/// Tokens of ServiceAccounts in Secrets.
mod service_account_token;

/// Who belongs to whom.
mod ownership;
/// Volumes and claims.
mod volume;

use std::{sync::Arc, time::Duration};

use client::Controller;
pub use error::Error;

/// What controllers cannot learn from the API.
#[derive(Clone)]
pub struct Settings {
    /// The certificate of the cluster's CA, for pods that speak to the API.
    pub root_ca_pem: String,
    pub authority: Arc<dyn Authority>,
}

/// Who signs with the cluster's keys.
pub trait Authority: Send + Sync {
    /// The certificate (PEM) that a request (PEM) asks for.
    ///
    /// # Errors
    /// Why it cannot be given, for the one who asked.
    fn sign_certificate(&self, request: &str, usages: &[&str], lifetime: Duration) -> Result<String, String>;

    /// The token that a Secret is to hold for the account with this name and uid.
    ///
    /// # Errors
    /// Why there is none.
    fn account_token(&self, namespace: &str, secret: &str, account: &str, uid: &str) -> Result<String, String>;
}

/// Every controller, ready for [`client::Manager::start`].
pub fn all(settings: Settings) -> Vec<Controller> {
    vec![
        certificates::approver(),
        certificates::cleaner(),
        certificates::signer(settings.authority.clone()),
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
        namespace::root_ca(settings.root_ca_pem.clone()),
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
        service_account_token::controller(settings.authority, &settings.root_ca_pem),
    ]
}
