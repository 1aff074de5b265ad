//! ReplicaSet: keeps a number of pods.

use serde_json::{Value, json};

use crate::{
    kind::{Column, Field, Generation, Kind, Subresource, Version},
    kinds::{
        columns::{CONTAINERS, CURRENT, DESIRED, IMAGES, READY, or_none},
        default::{member, set},
        pod_spec,
        read::{at, integer},
        status,
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
    ..Kind::NAMESPACED
};

fn default(object: &mut Value) {
    let spec = member(object, "spec");
    set(spec, "replicas", 1);
    pod_spec::default::of_template(member(member(spec, "template"), "spec"));
}
