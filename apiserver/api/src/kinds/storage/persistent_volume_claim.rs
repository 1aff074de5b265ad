//! PersistentVolumeClaim: what a user wants of a volume.

use serde_json::{Value, json};

use super::{ACCESS_MODES, access_modes};
use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        checks::label_selector,
        columns::or,
        default::{member, set_text},
        pod_spec::default::canonical_members,
        read::{at, list, text},
        status,
    },
    quantity::Quantity,
};

pub static KIND: Kind = Kind {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    short_names: &["pvc"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.PersistentVolumeClaim")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Status", |claim| {
            let going = !at(claim, &["metadata", "deletionTimestamp"]).is_null();
            if going { "Terminating".into() } else { text(claim, &["status", "phase"]).into() }
        }),
        Column::text("Volume", |claim| text(claim, &["spec", "volumeName"]).into()),
        Column::text("Capacity", |claim| bound(claim, text(claim, &["status", "capacity", "storage"]).to_owned())),
        Column::text("Access Modes", |claim| bound(claim, access_modes(at(claim, &["status", "accessModes"])))),
        Column::text("StorageClass", |claim| text(claim, &["spec", "storageClassName"]).into()),
        Column::text("VolumeAttributesClass", |claim| or(text(claim, &["spec", "volumeAttributesClassName"]), "<unset>")),
        Column::AGE,
        Column::text("VolumeMode", |claim| or(text(claim, &["spec", "volumeMode"]), "<unset>")).wide(),
    ],
    finalizers: &["kubernetes.io/pvc-protection"],
    default: |claim| {
        let spec = member(claim, "spec");
        set_text(spec, "volumeMode", "Filesystem");
        if let Some(requests) = spec.pointer_mut("/resources/requests") {
            canonical_members(requests);
        }
    },
    prepare_create: |claim| status::reset(claim, json!({"phase": "Pending"})),
    prepare_update: status::keep,
    validate: |claim| spec("spec", at(claim, &["spec"])),
    validate_update,
    shows_deleted: true,
    ..Kind::NAMESPACED
};

/// Only a bound claim has any.
fn bound(claim: &Value, shown: String) -> Value {
    if text(claim, &["spec", "volumeName"]).is_empty() { "".into() } else { shown.into() }
}

/// pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimSpec; also of templates.
pub(crate) fn spec(path: &str, spec: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let modes = list(spec, &["accessModes"]);
    if modes.is_empty() {
        errors.push(Error::required(format!("{path}.accessModes"), "at least 1 access mode is required"));
    }
    label_selector(&mut errors, &format!("{path}.selector"), at(spec, &["selector"]));
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(&mode.as_str().unwrap_or_default())) {
        errors.push(Error::not_supported(format!("{path}.accessModes"), mode.clone(), ACCESS_MODES));
    }
    match at(spec, &["resources", "requests", "storage"]) {
        Value::Null => errors.push(Error::required(format!("{path}.resources[storage]"), "")),
        amount if size(amount).is_none_or(|size| size <= Quantity::ZERO) => {
            errors.push(Error::invalid(format!("{path}.resources[storage]"), amount.clone(), "must be greater than zero"));
        }
        _ => {}
    }
    let (mode, modes) = (text(spec, &["volumeMode"]), &["Block", "Filesystem"]);
    if !modes.contains(&mode) {
        errors.push(Error::not_supported(format!("{path}.volumeMode"), mode, modes));
    }
    errors
}

fn size(amount: &Value) -> Option<Quantity> {
    amount.as_str().and_then(|text| Quantity::parse(text).ok())
}

fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let (after, before) = (at(new, &["spec"]), at(old, &["spec"]));
    let (mut rest, request) = (after.clone(), ["resources", "requests"]);
    // what may change: the size, upwards; the volume, once; the attributes' class
    rest["resources"] = before["resources"].clone();
    rest["volumeAttributesClassName"] = before["volumeAttributesClassName"].clone();
    if text(before, &["volumeName"]).is_empty() {
        rest["volumeName"] = before["volumeName"].clone();
    }
    if text(before, &["storageClassName"]).is_empty() && text(old, &["status", "phase"]) != "Bound" {
        rest["storageClassName"] = before["storageClassName"].clone();
    }
    if rest != normal(before, &rest) {
        let detail =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(Error::forbidden("spec", detail));
    }
    let storage = |spec: &Value| size(at(at(spec, &request), &["storage"])).unwrap_or(Quantity::ZERO);
    if storage(after) < storage(before)
        && storage(after) < size(at(old, &["status", "capacity", "storage"])).unwrap_or(Quantity::ZERO)
    {
        errors.push(Error::forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
    }
    errors
}

/// `before` with explicit nulls where `like` has them: absence and null are the same.
fn normal(before: &Value, like: &Value) -> Value {
    let mut before = before.clone();
    for (name, value) in like.as_object().into_iter().flatten() {
        if value.is_null() && before.get(name).is_none() {
            before[name] = Value::Null;
        }
    }
    before
}
