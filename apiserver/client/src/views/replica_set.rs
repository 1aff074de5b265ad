//! ReplicaSets: what is wanted and what is there.

use api::{Kind, Object, selector::LabelSelector};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    View,
    view::{or_default, read},
};

pub struct ReplicaSetView {
    pub replicas: i32,
    pub min_ready_seconds: i32,
    pub selector: LabelSelector,
    /// Annotation `deployment.kubernetes.io/revision`; 0 if it has none.
    pub revision: i64,
    pub status: ReplicaSetStatus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetStatus {
    #[serde(deserialize_with = "or_default")]
    pub replicas: i32,
    #[serde(deserialize_with = "or_default")]
    pub fully_labeled_replicas: i32,
    #[serde(deserialize_with = "or_default")]
    pub ready_replicas: i32,
    #[serde(deserialize_with = "or_default")]
    pub available_replicas: i32,
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    metadata: Annotated,
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: ReplicaSetStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotated {
    #[serde(deserialize_with = "or_default")]
    annotations: Annotations,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "deployment.kubernetes.io/revision", deserialize_with = "or_default")]
    revision: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    /// The server's default is 1, and it is always filled in.
    #[serde(deserialize_with = "or_default")]
    replicas: i32,
    #[serde(deserialize_with = "or_default")]
    min_ready_seconds: i32,
    selector: Value,
}

impl View for ReplicaSetView {
    const KIND: &'static Kind = &api::kinds::REPLICA_SET;

    fn of(object: &Object) -> Self {
        let Parts { metadata, spec, status } = read(object);
        Self {
            replicas: spec.replicas,
            min_ready_seconds: spec.min_ready_seconds,
            selector: LabelSelector::of(&spec.selector),
            revision: metadata.annotations.revision.parse().unwrap_or_default(),
            status,
        }
    }
}
