//! The views that several crates share, one file per kind.

mod definition;
mod deployment;
mod endpoint_slice;
mod meta;
mod namespace;
mod node;
mod pod;
mod replica_set;
mod service;

pub use definition::DefinitionView;
pub use deployment::DeploymentView;
pub use endpoint_slice::{Conditions, Endpoint, EndpointPort, EndpointSliceView, Target};
pub use meta::MetaView;
pub use namespace::NamespaceView;
pub use node::{NodeView, Taint};
pub use pod::{ContainerPort, Phase, PodView};
pub use replica_set::{ReplicaSetStatus, ReplicaSetView};
pub use service::{ServicePort, ServiceType, ServiceView};

use jiff::Timestamp;
use serde::Deserialize;

/// A condition of a status, as all kinds spell it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Condition<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    status: std::borrow::Cow<'a, str>,
    last_transition_time: Option<Timestamp>,
}

impl Condition<'_> {
    fn is_true(conditions: &[Self], kind: &str) -> bool {
        Self::find(conditions, kind).is_some_and(|condition| condition.status == "True")
    }

    fn find<'c>(conditions: &'c [Self], kind: &str) -> Option<&'c Self> {
        conditions.iter().find(|condition| condition.kind == kind)
    }
}

/// A port by number or by the name of a container's port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PortRef {
    Number(u16),
    Name(Box<str>),
}

impl Default for PortRef {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// A label in a namespace, as a value of an index.
pub fn label_entry(namespace: &str, name: &str, value: &str) -> Box<str> {
    format!("{namespace}/{name}={value}").into()
}

/// `name → value` in the order of names, as labels are kept.
fn pairs(map: std::collections::BTreeMap<Box<str>, Box<str>>) -> api::object::Labels {
    map.into_iter().collect()
}
