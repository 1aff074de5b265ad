//! What the scheduler keeps of a pod.

use std::collections::BTreeMap;

use api::{
    Kind, Object,
    selector::{Operator, Requirement},
};
use client::{
    View,
    view::{or_default, read},
    views::Phase,
};
use serde::Deserialize;

use crate::resources::{Amounts, Resources};

/// CPU and memory that a container without requests counts for in scores.
const DEFAULT_CPU: i64 = 100;
const DEFAULT_MEMORY: i64 = 200 << 20;

#[derive(Clone, Debug, Default)]
pub(crate) struct Pod {
    pub(crate) node: Box<str>,
    pub(crate) scheduler: Box<str>,
    pub(crate) phase: Phase,
    pub(crate) priority: i32,
    pub(crate) gated: bool,
    pub(crate) requests: Resources,
    /// The same with a little for containers that ask for nothing, so that scores tell full nodes from empty ones.
    pub(crate) scored: Resources,
    pub(crate) ports: Box<[HostPort]>,
    pub(crate) tolerations: Box<[Toleration]>,
    /// All of these labels.
    pub(crate) node_selector: Box<[Requirement]>,
    /// If there are any, at least one of these.
    pub(crate) required: Option<Box<[Term]>>,
    pub(crate) preferred: Box<[(i64, Term)]>,
    /// What the condition PodScheduled=False says at present.
    pub(crate) unschedulable: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostPort {
    pub(crate) ip: Box<str>,
    pub(crate) protocol: Box<str>,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Toleration {
    #[serde(deserialize_with = "or_default")]
    pub(crate) key: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) operator: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) value: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) effect: Box<str>,
}

/// A nodeSelectorTerm: all of its requirements. Without any it matches nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Term {
    pub(crate) labels: Box<[Requirement]>,
    pub(crate) name: Box<[Requirement]>,
}

impl HostPort {
    /// The unspecified address collides with every address.
    pub(crate) fn collides(&self, other: &Self) -> bool {
        let any = |ip: &str| ip.is_empty() || ip == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || any(&self.ip) || any(&other.ip))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    node_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    scheduler_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    priority: i32,
    #[serde(deserialize_with = "or_default")]
    scheduling_gates: Vec<serde::de::IgnoredAny>,
    #[serde(deserialize_with = "or_default")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    init_containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    overhead: Amounts,
    #[serde(deserialize_with = "or_default")]
    tolerations: Box<[Toleration]>,
    #[serde(deserialize_with = "or_default")]
    node_selector: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    affinity: Affinity,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    #[serde(deserialize_with = "or_default")]
    restart_policy: Box<str>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<client::views::ContainerPort>,
    #[serde(deserialize_with = "or_default")]
    resources: ContainerResources,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContainerResources {
    #[serde(deserialize_with = "or_default")]
    requests: Amounts,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Affinity {
    #[serde(deserialize_with = "or_default")]
    node_affinity: NodeAffinity,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct NodeAffinity {
    required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    #[serde(deserialize_with = "or_default")]
    preferred_during_scheduling_ignored_during_execution: Vec<Preferred>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct NodeSelector {
    #[serde(deserialize_with = "or_default")]
    node_selector_terms: Vec<RawTerm>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Preferred {
    weight: i64,
    #[serde(deserialize_with = "or_default")]
    preference: RawTerm,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawTerm {
    #[serde(deserialize_with = "or_default")]
    match_expressions: Vec<RawRequirement>,
    #[serde(deserialize_with = "or_default")]
    match_fields: Vec<RawRequirement>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawRequirement {
    key: String,
    operator: String,
    #[serde(deserialize_with = "or_default")]
    values: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    phase: Phase,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: Box<str>,
    status: Box<str>,
    #[serde(deserialize_with = "or_default")]
    message: Box<str>,
}

impl View for Pod {
    const KIND: &'static Kind = &api::kinds::POD;

    fn of(object: &Object) -> Self {
        let Parts { spec, status } = read(object);
        let affinity = spec.affinity.node_affinity;
        let required = affinity.required_during_scheduling_ignored_during_execution;
        let preferred = affinity.preferred_during_scheduling_ignored_during_execution;
        let selector = spec.node_selector.iter();
        let refused = |condition: &Condition| &*condition.kind == "PodScheduled" && &*condition.status == "False";
        Self {
            requests: requests(&spec.containers, &spec.init_containers, &spec.overhead, Resources::clone),
            scored: requests(&spec.containers, &spec.init_containers, &spec.overhead, |asked| Resources {
                cpu: if asked.cpu == 0 { DEFAULT_CPU } else { asked.cpu },
                memory: if asked.memory == 0 { DEFAULT_MEMORY } else { asked.memory },
                ..Resources::default()
            }),
            ports: spec.containers.iter().flat_map(|container| &container.ports).filter_map(host_port).collect(),
            node_selector: selector
                .map(|(key, value)| Requirement::new(key.clone(), Operator::Equals, vec![value.clone()]))
                .collect(),
            required: required.map(|selector| selector.node_selector_terms.into_iter().map(RawTerm::term).collect()),
            preferred: preferred.into_iter().map(|term| (term.weight, term.preference.term())).collect(),
            unschedulable: status.conditions.into_iter().find(refused).map(|condition| condition.message),
            node: spec.node_name,
            scheduler: spec.scheduler_name,
            phase: status.phase,
            priority: spec.priority,
            gated: !spec.scheduling_gates.is_empty(),
            tolerations: spec.tolerations,
        }
    }
}

/// Containers run together, with the sidecars; init containers one after the other, with the sidecars before them. The
/// most that is ever needed at once, and the overhead.
fn requests(
    containers: &[Container],
    init: &[Container],
    overhead: &Amounts,
    count: impl Fn(&Resources) -> Resources,
) -> Resources {
    let ask = |container: &Container| count(&container.resources.requests.resources());
    let (mut sidecars, mut peak) = (Resources::default(), Resources::default());
    for container in init {
        let mut now = ask(container);
        now.add(&sidecars);
        peak.raise(&now);
        if &*container.restart_policy == "Always" {
            sidecars = now;
        }
    }
    let mut total = sidecars;
    containers.iter().for_each(|container| total.add(&ask(container)));
    total.raise(&peak);
    total.add(&overhead.resources());
    total
}

fn host_port(port: &client::views::ContainerPort) -> Option<HostPort> {
    let protocol = if port.protocol.is_empty() { "TCP".into() } else { port.protocol.clone() };
    (port.host_port != 0).then(|| HostPort { ip: port.host_ip.clone(), protocol, port: port.host_port })
}

impl RawTerm {
    fn term(self) -> Term {
        let all = |list: Vec<RawRequirement>| list.into_iter().map(RawRequirement::requirement).collect();
        Term { labels: all(self.match_expressions), name: all(self.match_fields) }
    }
}

impl RawRequirement {
    fn requirement(self) -> Requirement {
        let operator = match &*self.operator {
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::GreaterThan,
            "Lt" => Operator::LessThan,
            // `In`; validation lets no other pass
            _ => Operator::In,
        };
        Requirement::new(self.key, operator, self.values)
    }
}
