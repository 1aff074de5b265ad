//! What the node keeps of Pods and Services.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use api::{Kind, Object, kinds, object::Meta};
use client::{
    View,
    view::{or_default, read},
};
use serde::Deserialize;

use super::{env::ServiceAddress, status};

/// Finds the pods of a node.
pub(crate) const BY_NODE: &str = "node";

/// Enough of a pod to know whose it is and whether it changed in a way that concerns its worker.
#[derive(Debug)]
pub(crate) struct BoundPod {
    pub(crate) node: Box<str>,
    /// Of what others write: the spec, metadata, conditions that are not ours. The echo of our own status leaves it as it is.
    pub(crate) print: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pod {
    metadata: PodMetadata,
    spec: PodSpec,
    status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodMetadata {
    #[serde(deserialize_with = "or_default")]
    generation: i64,
    deletion_timestamp: Option<String>,
    deletion_grace_period_seconds: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    #[serde(deserialize_with = "or_default")]
    node_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodStatus {
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize, Hash)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

impl View for BoundPod {
    const KIND: &'static Kind = &kinds::POD;

    fn of(object: &Object) -> Self {
        let pod: Pod = read(object);
        let mut print = DefaultHasher::new();
        let meta = &pod.metadata;
        (meta.generation, &meta.deletion_timestamp, meta.deletion_grace_period_seconds).hash(&mut print);
        (&meta.annotations, &object.meta.labels).hash(&mut print);
        for condition in pod.status.conditions.iter().filter(|c| !status::CONDITIONS.contains(&c.kind.as_str())) {
            condition.hash(&mut print);
        }
        Self { node: pod.spec.node_name, print: print.finish() }
    }

    fn index(&self, _meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        if self.node.is_empty() { Vec::new() } else { vec![(BY_NODE, self.node.clone())] }
    }
}

/// What environment variables tell of a Service.
#[derive(Debug)]
pub(crate) struct ServiceView {
    ip: Box<str>,
    ports: Box<[Port]>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Service {
    spec: ServiceSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceSpec {
    #[serde(rename = "clusterIP", deserialize_with = "or_default")]
    cluster_ip: Box<str>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<Port>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Port {
    name: Box<str>,
    protocol: Box<str>,
    port: u16,
}

impl View for ServiceView {
    const KIND: &'static Kind = &kinds::SERVICE;

    fn of(object: &Object) -> Self {
        let spec = read::<Service>(object).spec;
        Self { ip: spec.cluster_ip, ports: spec.ports.into() }
    }
}

impl ServiceView {
    /// `None` for a Service without an address of its own.
    pub(crate) fn address(&self, name: &str) -> Option<ServiceAddress> {
        if self.ip.is_empty() || &*self.ip == "None" {
            return None;
        }
        let protocol = |given: &str| if given.is_empty() { "TCP" } else { given }.to_owned();
        let ports = self.ports.iter().map(|port| (port.name.to_string(), protocol(&port.protocol), port.port));
        Some(ServiceAddress { name: name.to_owned(), ip: self.ip.to_string(), ports: ports.collect() })
    }
}

#[cfg(test)]
mod tests {
    use api::{Draft, Revision};
    use serde_json::{Value, json};

    use super::*;

    fn print(pod: Value) -> u64 {
        BoundPod::of(&Draft::new(&kinds::POD, pod).commit(Revision(1))).print
    }

    #[test]
    fn the_echo_of_our_own_status_changes_nothing() {
        let pod = json!({ "metadata": { "name": "p", "generation": 1 }, "spec": { "nodeName": "n" } });
        let mut ours = pod.clone();
        ours["status"] = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
        assert_eq!(print(pod.clone()), print(ours));
        let mut gate = pod.clone();
        gate["status"] = json!({ "conditions": [{ "type": "example.com/gate", "status": "True" }] });
        let mut deleted = pod.clone();
        deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let mut labelled = pod.clone();
        labelled["metadata"]["labels"] = json!({ "a": "b" });
        for changed in [gate, deleted, labelled] {
            assert_ne!(print(pod.clone()), print(changed));
        }
    }
}
