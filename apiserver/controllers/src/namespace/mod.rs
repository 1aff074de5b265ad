//! The life of a namespace: what every new one is given, and how one ends.

/// The `default` ServiceAccount and the cluster's CA.
mod bootstrap;
/// Emptying one that is being deleted.
mod deletion;

pub(crate) use bootstrap::{root_ca, service_account};
pub(crate) use deletion::controller as deletion;
