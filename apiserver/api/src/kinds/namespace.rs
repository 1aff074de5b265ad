//! Namespace: a room for names.

use serde_json::{Value, json};

use crate::{
    kind::{Column, Deletion, Field, Kind, Serves, Subresource, Version},
    kinds::{
        default::member,
        read::{at, list, text},
        status,
    },
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
    default,
    prepare_create,
    prepare_update,
    ..Kind::CLUSTER
};

/// Keeps a namespace until its content is gone.
const FINALIZER: &str = "kubernetes";

/// Every namespace can be selected by its name.
fn default(namespace: &mut Value) {
    let metadata = member(namespace, "metadata");
    if let Some(name) = metadata["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned) {
        member(metadata, "labels")["kubernetes.io/metadata.name"] = name.into();
    }
}

fn prepare_create(namespace: &mut Value) {
    status::reset(namespace, json!({"phase": "Active"}));
    let spec = member(namespace, "spec");
    let mut finalizers = list(spec, &["finalizers"]).to_vec();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        finalizers.push(FINALIZER.into());
    }
    spec["finalizers"] = finalizers.into();
}

/// Only `/finalize` takes finalizers away.
fn prepare_update(new: &mut Value, old: &Value) {
    status::keep(new, old);
    member(new, "spec")["finalizers"] = at(old, &["spec", "finalizers"]).clone();
}
