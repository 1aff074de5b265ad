//! ReplicaSet: keeps a number of pods.

use crate::{
    kind::{Field, Generation, Kind, Subresource, Version},
    kinds::read::integer,
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
    ..Kind::NAMESPACED
};
