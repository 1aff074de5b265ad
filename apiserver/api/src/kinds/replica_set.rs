//! ReplicaSet: keeps a number of pods.

use serde_json::{Value, json};

use crate::{
    kind::{Field, Generation, Kind, Subresource, Version},
    kinds::{
        default::{member, set},
        pod_spec,
        read::integer,
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "ReplicaSet",
    plural: "replicasets",
    short_names: &["rs"],
    categories: &["all"],
    versions: &[Version::hub("apps", "v1", "io.k8s.api.apps.v1.ReplicaSet")],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
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
