//! Pods: where they are and how they are.

use std::borrow::Cow;

use api::{Kind, Object, object::Meta};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Condition, label_entry};
use crate::{
    View,
    view::{or_default, read},
};

/// Index `node`: the node's name, empty for pods that wait for one. Index `ip`: each address, unless it is the node's.
/// Index `label`: each label, as [`label_entry`] writes it.
pub struct PodView {
    /// `spec.nodeName`; empty while it waits for the scheduler.
    pub node: Box<str>,
    pub scheduler: Box<str>,
    pub restart_policy: Box<str>,
    pub service_account: Box<str>,
    pub hostname: Box<str>,
    pub subdomain: Box<str>,
    pub host_network: bool,
    pub priority: i32,
    /// Ports that containers (sidecars included) declare.
    pub ports: Box<[ContainerPort]>,
    pub phase: Phase,
    /// The condition `Ready`.
    pub ready: bool,
    /// When `Ready` became what it is.
    pub ready_since: Option<Timestamp>,
    /// First of `ips`, empty if there is none yet.
    pub ip: Box<str>,
    pub ips: Box<[Box<str>]>,
    pub start_time: Option<Timestamp>,
    /// The most that any container was restarted.
    pub restarts: i32,
    /// Annotation `controller.kubernetes.io/pod-deletion-cost`.
    pub deletion_cost: i32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Phase {
    #[default]
    Pending,
    Unknown,
    Running,
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub container_port: u16,
    #[serde(deserialize_with = "or_default")]
    pub host_port: u16,
    #[serde(rename = "hostIP", deserialize_with = "or_default")]
    pub host_ip: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub protocol: Box<str>,
}

impl Phase {
    /// Succeeded or failed: it will not run again.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

impl PodView {
    /// Counts as a replica: not ended, whatever else.
    pub fn is_terminal(&self) -> bool {
        self.phase.is_terminal()
    }

    /// The number of the container port called `name`, as services' `targetPort` means it.
    pub fn port(&self, name: &str, protocol: &str) -> Option<u16> {
        let port = self.ports.iter().find(|port| &*port.name == name && protocol_of(port) == protocol)?;
        Some(port.container_port)
    }
}

fn protocol_of(port: &ContainerPort) -> &str {
    if port.protocol.is_empty() { "TCP" } else { &port.protocol }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts<'a> {
    #[serde(borrow)]
    metadata: Annotated<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotated<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    annotations: Annotations<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotations<'a> {
    #[serde(rename = "controller.kubernetes.io/pod-deletion-cost", borrow)]
    deletion_cost: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    #[serde(deserialize_with = "or_default")]
    node_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    scheduler_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    restart_policy: Box<str>,
    #[serde(deserialize_with = "or_default")]
    service_account_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    hostname: Box<str>,
    #[serde(deserialize_with = "or_default")]
    subdomain: Box<str>,
    #[serde(deserialize_with = "or_default")]
    host_network: bool,
    #[serde(deserialize_with = "or_default")]
    priority: i32,
    #[serde(borrow, deserialize_with = "or_default")]
    containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    init_containers: Vec<Container<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Container<'a> {
    #[serde(borrow)]
    restart_policy: Cow<'a, str>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<ContainerPort>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status<'a> {
    #[serde(deserialize_with = "or_default")]
    phase: Phase,
    #[serde(borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
    #[serde(rename = "podIP", deserialize_with = "or_default")]
    pod_ip: Box<str>,
    #[serde(rename = "podIPs", deserialize_with = "or_default")]
    pod_ips: Vec<Address>,
    start_time: Option<Timestamp>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Address {
    #[serde(deserialize_with = "or_default")]
    ip: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    #[serde(deserialize_with = "or_default")]
    restart_count: i32,
}

impl View for PodView {
    const KIND: &'static Kind = &api::kinds::POD;

    fn of(object: &Object) -> Self {
        let Parts { metadata, spec, status } = read(object);
        let ready = Condition::find(&status.conditions, "Ready");
        let sidecars = spec.init_containers.into_iter().filter(|container| container.restart_policy == "Always");
        let ports = spec.containers.into_iter().chain(sidecars).flat_map(|container| container.ports).collect();
        Self {
            node: spec.node_name,
            scheduler: spec.scheduler_name,
            restart_policy: spec.restart_policy,
            service_account: spec.service_account_name,
            hostname: spec.hostname,
            subdomain: spec.subdomain,
            host_network: spec.host_network,
            priority: spec.priority,
            ports,
            phase: status.phase,
            ready: ready.is_some_and(|ready| ready.status == "True"),
            ready_since: ready.and_then(|ready| ready.last_transition_time),
            ips: ips(&status.pod_ip, status.pod_ips),
            ip: status.pod_ip,
            start_time: status.start_time,
            restarts: status.container_statuses.iter().map(|status| status.restart_count).max().unwrap_or_default(),
            deletion_cost: metadata.annotations.deletion_cost.parse().unwrap_or_default(),
        }
    }

    fn index(&self, meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        let mut entries = vec![("node", self.node.clone())];
        entries.extend(meta.labels.iter().map(|(name, value)| ("label", label_entry(&meta.key.namespace, name, value))));
        if !self.host_network {
            entries.extend(self.ips.iter().map(|ip| ("ip", ip.clone())));
        }
        entries
    }
}

fn ips(first: &str, all: Vec<Address>) -> Box<[Box<str>]> {
    if all.is_empty() && !first.is_empty() {
        return Box::new([first.into()]);
    }
    all.into_iter().map(|address| address.ip).collect()
}
