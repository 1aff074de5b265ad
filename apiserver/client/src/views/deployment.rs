//! Deployments: as much as tells whether there is work; the plan decodes the whole.

use api::{Kind, Object, selector::LabelSelector};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    View,
    view::{or_default, read},
};

pub struct DeploymentView {
    pub replicas: i32,
    pub paused: bool,
    pub selector: LabelSelector,
    pub observed_generation: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    replicas: i32,
    #[serde(deserialize_with = "or_default")]
    paused: bool,
    selector: Value,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    observed_generation: i64,
}

impl View for DeploymentView {
    const KIND: &'static Kind = &api::kinds::DEPLOYMENT;

    fn of(object: &Object) -> Self {
        let Parts { spec, status } = read(object);
        Self {
            replicas: spec.replicas,
            paused: spec.paused,
            selector: LabelSelector::of(&spec.selector),
            observed_generation: status.observed_generation,
        }
    }
}
