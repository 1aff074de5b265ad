//! DefaultStorageClass, StorageObjectInUseProtection and PersistentVolumeClaimResize: what claims and volumes are given, and when
//! they may grow.

use api::{Key, Status, kinds, quota};
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation, Plugin, State, Validate};

pub(super) const DEFAULT_CLASS: Plugin = Plugin {
    name: "DefaultStorageClass",
    concerns: |attributes| attributes.creates(&kinds::PERSISTENT_VOLUME_CLAIM),
    mutate: Mutate::Now(|attributes, claim| {
        let beta = "volume.beta.kubernetes.io/storage-class";
        if claim["spec"]["storageClassName"].is_null()
            && claim["metadata"]["annotations"][beta].is_null()
            && let Some(name) = State::default_storage_class(attributes.app).as_ref()
        {
            claim["spec"]["storageClassName"] = name.as_str().into();
        }
        Ok(())
    }),
    ..Plugin::NOTHING
};

pub(super) const IN_USE_PROTECTION: Plugin = Plugin {
    name: "StorageObjectInUseProtection",
    concerns: |attributes| {
        attributes.creates(&kinds::PERSISTENT_VOLUME_CLAIM) || attributes.creates(&kinds::PERSISTENT_VOLUME)
    },
    mutate: Mutate::Now(|attributes, value| {
        let is_claim = attributes.row.kind.namespaced;
        let finalizer = if is_claim { "kubernetes.io/pvc-protection" } else { "kubernetes.io/pv-protection" };
        let mut finalizers = value["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        if !finalizers.iter().any(|known| known == finalizer) {
            finalizers.push(finalizer.into());
            value["metadata"]["finalizers"] = json!(finalizers);
        }
        Ok(())
    }),
    ..Plugin::NOTHING
};

pub(super) const RESIZE: Plugin = Plugin {
    name: "PersistentVolumeClaimResize",
    concerns: |attributes| attributes.operation == Operation::Update && attributes.is_for(&kinds::PERSISTENT_VOLUME_CLAIM),
    validate: Validate::Now(may_grow),
    ..Plugin::NOTHING
};

/// The default class: of several the youngest, then the first by name.
pub(super) fn default_class(classes: &store::Snapshot) -> Option<String> {
    default_of(classes, kinds::IS_DEFAULT_STORAGE_CLASS)
}

/// The name of the object that an annotation marks as the default of its kind.
pub(super) fn default_of(classes: &store::Snapshot, annotation: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let classes = classes.iter_from(None).map(|object| object.value());
    let marked = classes.filter(|class| class["metadata"]["annotations"][annotation] == "true");
    let mut marked: Vec<(String, String)> =
        marked.map(|class| (text(&class["metadata"]["creationTimestamp"]), text(&class["metadata"]["name"]))).collect();
    marked.sort_by(|(a, a_name), (b, b_name)| b.cmp(a).then(a_name.cmp(b_name)));
    marked.into_iter().next().map(|(_, name)| name)
}

/// `plugin/pkg/admission/storage/persistentvolume/resize/admission.go`.
fn may_grow(attributes: &Attributes<'_>, claim: &Value) -> Result<(), Status> {
    let Some(old) = attributes.old else { return Ok(()) };
    let size = |claim: &Value| quota::amounts(&claim["spec"]["resources"]["requests"]).remove("storage");
    if size(claim) <= size(old) {
        return Ok(());
    }
    if old["status"]["phase"] != "Bound" {
        return Err(attributes.forbidden(claim, "Only bound persistent volume claims can be expanded"));
    }
    let class = claim["spec"]["storageClassName"].as_str().unwrap_or_default();
    let found = attributes.app.store.get(&kinds::STORAGE_CLASS, &Key::cluster(class));
    if found.is_some_and(|class| class.value()["allowVolumeExpansion"] == true) {
        return Ok(());
    }
    let why =
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    Err(attributes.forbidden(claim, why))
}
