//! `networking.k8s.io`: how the outside comes in, who may speak to whom, which addresses Services have.

pub(crate) mod ingress;
pub(crate) mod ingress_class;
pub(crate) mod ip_address;
pub(crate) mod network_policy;
pub(crate) mod service_cidr;
