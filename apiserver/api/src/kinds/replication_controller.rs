//! ReplicationController: the ReplicaSet of the first days, with a map for a selector.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Field, Generation, Kind, Subresource, Version},
    kinds::{
        checks::none_negative,
        columns::{CONTAINERS, CURRENT, DESIRED, IMAGES, READY, labels},
        default::{member, set},
        pod_spec,
        read::{at, integer, is_empty},
        status, template,
    },
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    short_names: &["rc"],
    categories: &["all"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.ReplicationController")],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
    columns: &[
        Column::NAME,
        DESIRED,
        CURRENT,
        READY,
        Column::AGE,
        CONTAINERS,
        IMAGES,
        Column::text("Selector", |object| labels(at(object, &["spec", "selector"]))).wide(),
    ],
    fields: &[Field { path: "status.replicas", value: |object| integer(object, &["status", "replicas"]).to_string() }],
    generation: Generation::Counted,
    default,
    prepare_create: |object| status::reset(object, json!({"replicas": 0})),
    prepare_update: status::keep,
    validate,
    validate_status: |new, _| template::validate_status(at(new, &["status"]), COUNTS),
    warnings: template::warnings,
    ..Kind::NAMESPACED
};

const COUNTS: &[&str] = &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];

fn validate(object: &Value) -> Vec<Error> {
    let spec = at(object, &["spec"]);
    let mut errors = Vec::new();
    none_negative(&mut errors, "spec", spec, &["minReadySeconds"]);
    let selector = at(spec, &["selector"]);
    if is_empty(selector) {
        errors.push(Error::required("spec.selector", ""));
    }
    none_negative(&mut errors, "spec", spec, &["replicas"]);
    match at(spec, &["template"]) {
        Value::Null => errors.push(Error::required("spec.template", "")),
        template => {
            template::validate(&mut errors, template, &LabelSelector::of_map(selector), "ReplicationController");
        }
    }
    errors
}

/// The template's labels stand in for the controller's own, and for its selector.
fn default(object: &mut Value) {
    let labels = at(object, &["spec", "template", "metadata", "labels"]).clone();
    if !is_empty(&labels) {
        if is_empty(at(object, &["spec", "selector"])) {
            member(object, "spec")["selector"] = labels.clone();
        }
        if is_empty(at(object, &["metadata", "labels"])) {
            member(object, "metadata")["labels"] = labels;
        }
    }
    let spec = member(object, "spec");
    set(spec, "replicas", 1);
    if let Some(template) = spec.get_mut("template").filter(|template| template.is_object()) {
        pod_spec::default::of_template(member(template, "spec"));
    }
}
