//! Services: their addresses, ports and whom they select.

use std::collections::BTreeMap;

use api::{
    Kind, Object,
    object::{Labels, Meta},
};
use serde::Deserialize;

use super::{PortRef, label_entry, pairs};
use crate::{
    View,
    view::{or_default, read},
};

/// Index `ip`: each cluster IP. Index `selector`: the first label selected, as [`label_entry`] writes it; whoever has the
/// labels of a pod finds the Services that may select it without a look at all others.
pub struct ServiceView {
    pub kind: ServiceType,
    /// Empty for a headless service: what `None` means on the wire.
    pub cluster_ips: Box<[Box<str>]>,
    pub headless: bool,
    /// Empty: endpoints are somebody else's work.
    pub selector: Labels,
    pub ports: Box<[ServicePort]>,
    pub external_name: Box<str>,
    pub session_affinity: Box<str>,
    pub publish_not_ready: bool,
    pub internal_local: bool,
    pub external_local: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ServiceType {
    #[default]
    ClusterIP,
    NodePort,
    LoadBalancer,
    ExternalName,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePort {
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub protocol: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub port: u16,
    #[serde(deserialize_with = "or_default")]
    pub target_port: PortRef,
    #[serde(deserialize_with = "or_default")]
    pub node_port: u16,
    pub app_protocol: Option<Box<str>>,
}

impl ServiceView {
    /// Whether a pod with `labels` is meant. Nobody is, if there is no selector.
    pub fn selects(&self, labels: &Labels) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|pair| labels.binary_search(pair).is_ok())
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: ServiceType,
    #[serde(rename = "clusterIP", deserialize_with = "or_default")]
    cluster_ip: Box<str>,
    #[serde(rename = "clusterIPs", deserialize_with = "or_default")]
    cluster_ips: Vec<Box<str>>,
    #[serde(deserialize_with = "or_default")]
    selector: BTreeMap<Box<str>, Box<str>>,
    #[serde(deserialize_with = "or_default")]
    ports: Box<[ServicePort]>,
    #[serde(deserialize_with = "or_default")]
    external_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    session_affinity: Box<str>,
    #[serde(deserialize_with = "or_default")]
    publish_not_ready_addresses: bool,
    #[serde(deserialize_with = "or_default")]
    internal_traffic_policy: Box<str>,
    #[serde(deserialize_with = "or_default")]
    external_traffic_policy: Box<str>,
}

impl View for ServiceView {
    const KIND: &'static Kind = &api::kinds::SERVICE;

    fn of(object: &Object) -> Self {
        let Parts { mut spec } = read(object);
        if spec.cluster_ips.is_empty() && !spec.cluster_ip.is_empty() {
            spec.cluster_ips.push(spec.cluster_ip);
        }
        let headless = spec.cluster_ips.iter().any(|ip| &**ip == "None");
        spec.cluster_ips.retain(|ip| &**ip != "None");
        Self {
            kind: spec.kind,
            cluster_ips: spec.cluster_ips.into(),
            headless,
            selector: pairs(spec.selector),
            ports: spec.ports,
            external_name: spec.external_name,
            session_affinity: spec.session_affinity,
            publish_not_ready: spec.publish_not_ready_addresses,
            internal_local: &*spec.internal_traffic_policy == "Local",
            external_local: &*spec.external_traffic_policy == "Local",
        }
    }

    fn index(&self, meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        let first = self.selector.first().map(|(name, value)| label_entry(&meta.key.namespace, name, value));
        let ips = self.cluster_ips.iter().map(|ip| ("ip", ip.clone()));
        ips.chain(first.map(|first| ("selector", first))).collect()
    }
}

#[cfg(test)]
mod tests {
    use api::{Draft, Revision};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pods_label_leads_to_the_services_that_may_select_it() {
        let value = json!({
            "metadata": {"namespace": "team", "name": "web", "uid": "u"},
            "spec": {"selector": {"tier": "front", "app": "web"}, "clusterIP": "10.43.0.7"},
        });
        let object = Draft::new(&api::kinds::SERVICE, value).commit(Revision(1));
        let entries = ServiceView::of(&object).index(&object.meta);
        assert_eq!(entries, [("ip", "10.43.0.7".into()), ("selector", label_entry("team", "app", "web"))]);
    }
}
