//! Nodes: whether they are ready, and whom they take.

use api::{Kind, Object};
use serde::Deserialize;

use super::Condition;
use crate::{
    View,
    view::{or_default, read},
};

pub struct NodeView {
    pub ready: bool,
    pub unschedulable: bool,
    pub taints: Box<[Taint]>,
    /// `spec.podCIDR`; empty until it has one.
    pub pod_cidr: Box<str>,
    /// The address of type InternalIP; empty if there is none.
    pub internal_ip: Box<str>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Taint {
    #[serde(deserialize_with = "or_default")]
    pub key: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub value: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub effect: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts<'a> {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    unschedulable: bool,
    #[serde(deserialize_with = "or_default")]
    taints: Box<[Taint]>,
    #[serde(rename = "podCIDR", deserialize_with = "or_default")]
    pod_cidr: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
    #[serde(deserialize_with = "or_default")]
    addresses: Vec<Address>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Address {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: Box<str>,
    #[serde(deserialize_with = "or_default")]
    address: Box<str>,
}

impl View for NodeView {
    const KIND: &'static Kind = &api::kinds::NODE;

    fn of(object: &Object) -> Self {
        let Parts { spec, status } = read(object);
        let internal = status.addresses.into_iter().find(|address| &*address.kind == "InternalIP");
        Self {
            ready: Condition::is_true(&status.conditions, "Ready"),
            unschedulable: spec.unschedulable,
            taints: spec.taints,
            pod_cidr: spec.pod_cidr,
            internal_ip: internal.map(|address| address.address).unwrap_or_default(),
        }
    }
}
