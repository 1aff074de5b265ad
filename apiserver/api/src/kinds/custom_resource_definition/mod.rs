//! CustomResourceDefinition: a kind that describes another.

mod default;
mod validate;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::read::list;
use crate::kind::{Column, Generation, Kind, Subresource, Version};

/// Holds a definition back until its objects are gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

pub static KIND: Kind = Kind {
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    versions: &[Version::hub(
        "apiextensions.k8s.io",
        "v1",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    )],
    subresources: &[Subresource::STATUS],
    columns: &[Column::NAME, CREATED],
    generation: Generation::Counted,
    put_blindly: false,
    default: default::default,
    prepare_create: |crd| {
        crd["status"] = json!({ "conditions": [], "acceptedNames": { "plural": "", "kind": "" }, "storedVersions": [] });
        remember_storage(crd);
    },
    prepare_update: |crd, _| remember_storage(crd),
    prepare_delete,
    validate: validate::validate,
    validate_update: validate::update,
    validate_status: validate::status,
    ..Kind::CLUSTER
};

const CREATED: Column = Column {
    name: "Created At",
    kind: "date",
    description: "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    ..Column::text("", |crd| crd["metadata"]["creationTimestamp"].clone())
};

/// Objects may be stored in every version that was ever the storage version, until somebody says that they no longer are.
fn remember_storage(crd: &mut Value) {
    let storage = list(crd, &["spec", "versions"]).iter().find(|version| version["storage"] == true);
    let Some(name) = storage.map(|version| version["name"].clone()) else { return };
    let stored = &mut crd["status"]["storedVersions"];
    match stored.as_array_mut() {
        Some(known) if known.contains(&name) => {}
        Some(known) => known.push(name),
        None => *stored = json!([name]),
    }
}

/// The definition stays until its objects are gone, and says so.
fn prepare_delete(crd: &mut Value, now: Timestamp) {
    let metadata = &mut crd["metadata"];
    let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == CLEANUP) {
        finalizers.push(CLEANUP.into());
    }
    metadata["finalizers"] = finalizers.into();
    let text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    crate::custom::status::set(crd, ["Terminating", "True", "InstanceDeletionPending", text], now);
}
