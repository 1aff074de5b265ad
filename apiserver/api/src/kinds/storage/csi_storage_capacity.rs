//! CSIStorageCapacity: how much of a class there is in one place.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::{immutable, label_selector, named},
        read::{at, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "CSIStorageCapacity",
    plural: "csistoragecapacities",
    versions: &[Version::hub("storage.k8s.io", "v1", "io.k8s.api.storage.v1.CSIStorageCapacity")],
    columns: &[
        Column::NAME,
        Column::text("StorageClassName", |capacity| text(capacity, &["storageClassName"]).into()),
        Column::text("Capacity", |capacity| text(capacity, &["capacity"]).into()),
    ],
    validate: |capacity| {
        let mut errors = Vec::new();
        let class = text(capacity, &["storageClassName"]);
        named(&mut errors, "storageClassName".into(), class, names::dns_subdomain);
        label_selector(&mut errors, "nodeTopology", at(capacity, &["nodeTopology"]));
        errors
    },
    validate_update,
    ..Kind::NAMESPACED
};

fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    for name in ["nodeTopology", "storageClassName"] {
        immutable(&mut errors, name, at(new, &[name]), at(old, &[name]));
    }
    errors
}
