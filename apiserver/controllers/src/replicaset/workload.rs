//! ReplicaSet and ReplicationController: one shape, two kinds.

use std::collections::BTreeMap;

use api::{Kind, Object, kinds, selector::LabelSelector};
use client::{View, view, views::ReplicaSetView};
use k8s_openapi::{
    api::core::v1::{Pod, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use serde::Deserialize;
use serde_json::Value;

use super::status::Status;

/// A kind that keeps a number of pods.
pub(super) trait Replicates: View {
    fn selector(&self) -> &LabelSelector;
    /// Whether the status counts pods on their way out.
    const COUNTS_TERMINATING: bool;
}

impl Replicates for ReplicaSetView {
    const COUNTS_TERMINATING: bool = true;

    fn selector(&self) -> &LabelSelector {
        &self.selector
    }
}

/// What the cache keeps of a ReplicationController.
pub(super) struct ReplicationControllerView {
    selector: LabelSelector,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    spec: Selecting,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Selecting {
    selector: Value,
}

impl View for ReplicationControllerView {
    const KIND: &'static Kind = &kinds::REPLICATION_CONTROLLER;

    fn of(object: &Object) -> Self {
        let parts: Parts = view::read(object);
        Self { selector: LabelSelector::of_map(&parts.spec.selector) }
    }
}

impl Replicates for ReplicationControllerView {
    const COUNTS_TERMINATING: bool = false;

    fn selector(&self) -> &LabelSelector {
        &self.selector
    }
}

/// The whole object, as far as the two kinds agree.
#[derive(Debug, Deserialize)]
pub(super) struct Workload {
    pub spec: Spec,
    #[serde(default)]
    pub status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    replicas: Option<i32>,
    #[serde(default)]
    pub min_ready_seconds: i32,
    template: Option<PodTemplateSpec>,
}

impl Workload {
    pub(super) fn replicas(&self) -> usize {
        usize::try_from(self.spec.replicas.unwrap_or(1)).unwrap_or(0)
    }

    pub(super) fn template_labels(&self) -> Option<&BTreeMap<String, String>> {
        self.spec.template.as_ref()?.metadata.as_ref()?.labels.as_ref()
    }

    /// A new pod of the template, for the owner `name`.
    pub(super) fn pod(&self, name: &str, owner: OwnerReference) -> Pod {
        let template = self.spec.template.clone().unwrap_or_default();
        let metadata = template.metadata.unwrap_or_default();
        Pod {
            metadata: ObjectMeta {
                generate_name: Some(format!("{name}-")),
                labels: metadata.labels,
                annotations: metadata.annotations,
                finalizers: metadata.finalizers,
                owner_references: Some(vec![owner]),
                ..ObjectMeta::default()
            },
            spec: template.spec,
            status: None,
        }
    }
}
