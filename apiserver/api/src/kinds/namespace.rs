//! Namespace: a room for names.

use crate::{
    kind::{Column, Deletion, Field, Kind, Serves, Subresource, Version},
    kinds::read::text,
    names,
};

pub static KIND: Kind = Kind {
    kind: "Namespace",
    plural: "namespaces",
    short_names: &["ns"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Namespace")],
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    subresources: &[
        Subresource { name: "finalize", verbs: &["update"], serves: Serves::Finalize, ..Subresource::STATUS },
        Subresource::STATUS,
    ],
    columns: &[Column::NAME, Column::text("Status", |object| text(object, &["status", "phase"]).into()), Column::AGE],
    fields: &[Field { path: "status.phase", value: |object| text(object, &["status", "phase"]).to_owned() }],
    deletion: Deletion::SpecFinalizers,
    name: names::dns_label,
    ..Kind::CLUSTER
};
