//! StorageClass: how volumes of one sort are provisioned.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::{immutable, members, one_of},
        columns::or,
        default::set_text,
        read::{at, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "StorageClass",
    plural: "storageclasses",
    short_names: &["sc"],
    versions: &[Version::hub("storage.k8s.io", "v1", "io.k8s.api.storage.v1.StorageClass")],
    columns: &[
        Column { cell: name, ..Column::NAME },
        Column::text("Provisioner", |class| text(class, &["provisioner"]).into()),
        Column::text("ReclaimPolicy", |class| or(text(class, &["reclaimPolicy"]), "Delete")),
        Column::text("VolumeBindingMode", |class| or(text(class, &["volumeBindingMode"]), "Immediate")),
        Column::text("AllowVolumeExpansion", |class| {
            at(class, &["allowVolumeExpansion"]).as_bool().unwrap_or_default().to_string().into()
        }),
        Column::AGE,
    ],
    default: |class| {
        set_text(class, "reclaimPolicy", "Delete");
        set_text(class, "volumeBindingMode", "Immediate");
    },
    validate,
    validate_update,
    shows_deleted: true,
    ..Kind::CLUSTER
};

/// Marks the class that claims without one get.
pub const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

fn name(class: &Value) -> Value {
    let name = text(class, &["metadata", "name"]);
    let annotations = at(class, &["metadata", "annotations"]);
    let old = "storageclass.beta.kubernetes.io/is-default-class";
    let default = text(annotations, &[IS_DEFAULT]) == "true" || text(annotations, &[old]) == "true";
    if default { format!("{name} (default)").into() } else { name.into() }
}

/// pkg/apis/storage/validation/validation.go
fn validate(class: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let provisioner = text(class, &["provisioner"]);
    if provisioner.is_empty() {
        errors.push(Error::required("provisioner", ""));
    } else {
        errors.extend(Error::each("provisioner", provisioner, names::qualified(&provisioner.to_lowercase())));
    }
    let parameters: Vec<_> = members(at(class, &["parameters"])).collect();
    if parameters.len() > 512 {
        errors.push(Error::too_long("parameters", 512));
    }
    if parameters.iter().any(|(name, _)| name.is_empty()) {
        errors.push(Error::invalid("parameters", "", "field can not be empty."));
    }
    let supported = &["Delete", "Retain"];
    if !text(class, &["reclaimPolicy"]).is_empty() {
        one_of(&mut errors, "reclaimPolicy".into(), text(class, &["reclaimPolicy"]), supported);
    }
    let modes = &["Immediate", "WaitForFirstConsumer"];
    one_of(&mut errors, "volumeBindingMode".into(), text(class, &["volumeBindingMode"]), modes);
    errors
}

fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    for (name, detail) in [
        ("parameters", "updates to parameters are forbidden."),
        ("provisioner", "updates to provisioner are forbidden."),
        ("reclaimPolicy", "updates to reclaimPolicy are forbidden."),
    ] {
        if at(new, &[name]) != at(old, &[name]) {
            errors.push(Error::forbidden(name, detail));
        }
    }
    immutable(&mut errors, "volumeBindingMode", at(new, &["volumeBindingMode"]), at(old, &["volumeBindingMode"]));
    errors
}
