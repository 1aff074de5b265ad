//! ReplicationController: the ReplicaSet of the first days, with a map for a selector.

use crate::{
    kind::{Field, Generation, Kind, Subresource, Version},
    kinds::read::integer,
};

pub static KIND: Kind = Kind {
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    short_names: &["rc"],
    categories: &["all"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.ReplicationController")],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
    fields: &[Field { path: "status.replicas", value: |object| integer(object, &["status", "replicas"]).to_string() }],
    generation: Generation::Counted,
    ..Kind::NAMESPACED
};
