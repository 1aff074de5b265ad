//! ReplicaSet: keeps a number of pods.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Field, Generation, Kind, Subresource, Version},
    kinds::{
        checks::{immutable, none_negative},
        columns::{CONTAINERS, CURRENT, DESIRED, IMAGES, READY, or_none},
        default::{member, set},
        deployment, pod_spec,
        read::{at, integer},
        status, template,
    },
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "ReplicaSet",
    plural: "replicasets",
    short_names: &["rs"],
    categories: &["all"],
    versions: &[Version::hub("apps", "v1", "io.k8s.api.apps.v1.ReplicaSet")],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
    columns: &[
        Column::NAME,
        DESIRED,
        CURRENT,
        READY,
        Column::AGE,
        CONTAINERS,
        IMAGES,
        Column::text("Selector", |object| or_none(LabelSelector::of(at(object, &["spec", "selector"])).to_string())).wide(),
    ],
    fields: &[Field { path: "status.replicas", value: |object| integer(object, &["status", "replicas"]).to_string() }],
    generation: Generation::Counted,
    default,
    prepare_create: |object| status::reset(object, json!({"replicas": 0})),
    prepare_update: status::keep,
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        immutable(&mut errors, "spec.selector", at(new, &["spec", "selector"]), at(old, &["spec", "selector"]));
        errors
    },
    validate_status: |new, _| template::validate_status(at(new, &["status"]), COUNTS),
    warnings: template::warnings,
    ..Kind::NAMESPACED
};

const COUNTS: &[&str] = &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];

fn validate(object: &Value) -> Vec<Error> {
    let spec = at(object, &["spec"]);
    let mut errors = Vec::new();
    none_negative(&mut errors, "spec", spec, &["replicas", "minReadySeconds"]);
    deployment::validate::selector(&mut errors, spec);
    let labels = LabelSelector::of(at(spec, &["selector"]));
    template::validate(&mut errors, at(spec, &["template"]), &labels, "ReplicaSet");
    errors
}

fn default(object: &mut Value) {
    let spec = member(object, "spec");
    set(spec, "replicas", 1);
    pod_spec::default::of_template(member(member(spec, "template"), "spec"));
}
