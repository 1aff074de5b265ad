//! What the scheduler keeps of a node.

use api::{
    Kind, Object,
    object::{Labels, Meta},
};
use client::{
    View,
    view::{or_default, read},
    views::Taint,
};
use serde::Deserialize;

use crate::resources::{Amounts, Resources};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: Box<str>,
    pub(crate) labels: Labels,
    pub(crate) unschedulable: bool,
    pub(crate) taints: Box<[Taint]>,
    pub(crate) allocatable: Resources,
    pub(crate) pods: i64,
}

impl Node {
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.binary_search_by(|(name, _)| (**name).cmp(key)).ok().map(|at| &*self.labels[at].1)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    unschedulable: bool,
    #[serde(deserialize_with = "or_default")]
    taints: Box<[Taint]>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    allocatable: Amounts,
}

impl View for Node {
    const KIND: &'static Kind = &api::kinds::NODE;

    fn of(object: &Object) -> Self {
        let Parts { spec, status } = read(object);
        let Meta { key, labels, .. } = &object.meta;
        Self {
            name: key.name.clone(),
            labels: labels.clone(),
            unschedulable: spec.unschedulable,
            taints: spec.taints,
            pods: status.allocatable.value("pods").unwrap_or_default(),
            allocatable: status.allocatable.resources(),
        }
    }
}
