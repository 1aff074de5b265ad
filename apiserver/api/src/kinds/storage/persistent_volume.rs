//! PersistentVolume: a piece of storage, whoever uses it.

use serde_json::{Value, json};

use super::{ACCESS_MODES, access_modes};
use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        checks::members,
        columns::or,
        default::{member, set_text},
        pod_spec::default::canonical_members,
        read::{at, is_empty, list, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    short_names: &["pv"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.PersistentVolume")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Capacity", |volume| text(volume, &["spec", "capacity", "storage"]).into()),
        Column::text("Access Modes", |volume| access_modes(at(volume, &["spec", "accessModes"])).into()),
        Column::text("Reclaim Policy", |volume| text(volume, &["spec", "persistentVolumeReclaimPolicy"]).into()),
        Column::text("Status", |volume| {
            let going = !at(volume, &["metadata", "deletionTimestamp"]).is_null();
            if going { "Terminating".into() } else { text(volume, &["status", "phase"]).into() }
        }),
        Column::text("Claim", |volume| {
            let claim = at(volume, &["spec", "claimRef"]);
            if claim.is_null() {
                "".into()
            } else {
                format!("{}/{}", text(claim, &["namespace"]), text(claim, &["name"])).into()
            }
        }),
        Column::text("StorageClass", |volume| text(volume, &["spec", "storageClassName"]).into()),
        Column::text("VolumeAttributesClass", |volume| or(text(volume, &["spec", "volumeAttributesClassName"]), "<unset>")),
        Column::text("Reason", |volume| text(volume, &["status", "reason"]).into()),
        Column::AGE,
        Column::text("VolumeMode", |volume| or(text(volume, &["spec", "volumeMode"]), "<unset>")).wide(),
    ],
    finalizers: &["kubernetes.io/pv-protection"],
    default,
    prepare_create: |volume| {
        let now = jiff::Timestamp::now().strftime("%FT%TZ").to_string();
        status::reset(volume, json!({"phase": "Pending", "lastPhaseTransitionTime": now}));
    },
    prepare_update: status::keep,
    validate,
    validate_update: |new, old| {
        let source = |volume: &Value| {
            let spec = members(at(volume, &["spec"])).filter(|(name, _)| !SETTINGS.contains(&name.as_str()));
            spec.map(|(name, source)| (name.clone(), source.clone())).collect::<Vec<_>>()
        };
        let mut errors = Vec::new();
        if source(new) != source(old) {
            let detail = "spec.persistentvolumesource is immutable after creation";
            errors.push(Error::forbidden("spec.persistentvolumesource", detail));
        }
        let mode = |volume: &Value| at(volume, &["spec", "volumeMode"]).clone();
        if mode(new) != mode(old) {
            errors.push(Error::invalid("volumeMode", mode(new), "field is immutable"));
        }
        errors
    },
    shows_deleted: true,
    ..Kind::CLUSTER
};

/// What of the spec is not the source.
const SETTINGS: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

fn default(volume: &mut Value) {
    let spec = member(volume, "spec");
    canonical_members(&mut spec["capacity"]);
    set_text(spec, "persistentVolumeReclaimPolicy", "Retain");
    set_text(spec, "volumeMode", "Filesystem");
    if !at(spec, &["claimRef"]).is_null() {
        set_text(&mut spec["claimRef"], "kind", "PersistentVolumeClaim");
        set_text(&mut spec["claimRef"], "apiVersion", "v1");
    }
    if let Some(path) = spec.get_mut("hostPath").filter(|path| path.is_object()) {
        super::super::default::set(path, "type", "");
    }
}

/// pkg/apis/core/validation/validation.go, ValidatePersistentVolumeSpec
fn validate(volume: &Value) -> Vec<Error> {
    let spec = at(volume, &["spec"]);
    let mut errors = Vec::new();
    let modes = list(spec, &["accessModes"]);
    if modes.is_empty() {
        errors.push(Error::required("spec.accessModes", ""));
    }
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(&mode.as_str().unwrap_or_default())) {
        errors.push(Error::not_supported("spec.accessModes", mode.clone(), ACCESS_MODES));
    }
    let capacity = at(spec, &["capacity"]);
    if is_empty(capacity) {
        errors.push(Error::required("spec.capacity", ""));
    } else if at(capacity, &["storage"]).is_null() || members(capacity).count() > 1 {
        errors.push(Error::not_supported("spec.capacity", capacity.clone(), &["storage"]));
    }
    let policies = &["Delete", "Recycle", "Retain"];
    let policy = text(spec, &["persistentVolumeReclaimPolicy"]);
    if !policies.contains(&policy) {
        errors.push(Error::not_supported("spec.persistentVolumeReclaimPolicy", policy, policies));
    }
    let sources: Vec<_> =
        members(spec).filter(|(name, source)| !SETTINGS.contains(&name.as_str()) && !source.is_null()).collect();
    match sources.as_slice() {
        [] => errors.push(Error::required("spec", "must specify a volume type")),
        [_] => {}
        [_, rest @ ..] => {
            for (name, _) in rest {
                errors.push(Error::forbidden(format!("spec.{name}"), "may not specify more than 1 volume type"));
            }
        }
    }
    if at(spec, &["local"]).is_object() && at(spec, &["nodeAffinity"]).is_null() {
        errors.push(Error::required("spec.nodeAffinity", "Local volume requires node affinity"));
    }
    errors
}
