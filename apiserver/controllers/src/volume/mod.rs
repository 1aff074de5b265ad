//! Volumes and claims: who gets which, and that nothing goes while it is used.

/// Gives claims volumes.
mod binder;
/// Which volume suits a claim; pure.
mod matching;
/// Holds claims that pods use and volumes that are bound.
mod protection;

use api::{Key, Kind, Object, kinds, object::Meta};
use client::{View, view};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use binder::{claims, volumes};
pub(crate) use protection::{claims as claim_protection, volumes as volume_protection};

/// A claim and the volume it names.
struct ClaimView {
    volume: Box<str>,
}

/// A volume and the claim it names: `namespace/name`, empty if none.
struct VolumeView {
    claim: Box<str>,
}

/// The claims that a pod mounts, while it may still use them.
struct MountView {
    claims: Box<[Box<str>]>,
}

impl View for ClaimView {
    const KIND: &'static Kind = &kinds::PERSISTENT_VOLUME_CLAIM;

    fn of(object: &Object) -> Self {
        Self { volume: text(&object.value(), "/spec/volumeName").into() }
    }
}

impl View for VolumeView {
    const KIND: &'static Kind = &kinds::PERSISTENT_VOLUME;

    fn of(object: &Object) -> Self {
        let volume = object.value();
        let claim = claim_of(&volume).map_or_else(String::new, |key| format!("{}/{}", key.namespace, key.name));
        Self { claim: claim.into() }
    }

    fn index(&self, _: &Meta) -> Vec<(&'static str, Box<str>)> {
        vec![("claim", self.claim.clone())]
    }
}

impl View for MountView {
    const KIND: &'static Kind = &kinds::POD;

    fn of(object: &Object) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Pod {
            spec: Spec,
            status: Status,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Spec {
            volumes: Option<Vec<Volume>>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Volume {
            persistent_volume_claim: Option<Claim>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Claim {
            claim_name: Box<str>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Status {
            phase: Option<Box<str>>,
        }
        let pod: Pod = view::read(object);
        let over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let volumes = pod.spec.volumes.into_iter().flatten().filter(|_| !over);
        Self { claims: volumes.filter_map(|volume| volume.persistent_volume_claim).map(|claim| claim.claim_name).collect() }
    }

    fn index(&self, meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        let key = |claim: &str| format!("{}/{claim}", meta.key.namespace).into_boxed_str();
        self.claims.iter().map(|claim| ("claim", key(claim))).collect()
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The claim that a volume is kept for.
fn claim_of(volume: &Value) -> Option<Key> {
    let claim = volume.pointer("/spec/claimRef").filter(|claim| claim.is_object())?;
    Some(Key::new(text(claim, "/namespace"), text(claim, "/name")))
}

/// `namespace/name`, as the indices have it.
fn path(key: &Key) -> String {
    format!("{}/{}", key.namespace, key.name)
}

fn key(path: &str) -> Option<Key> {
    path.split_once('/').map(|(namespace, name)| Key::new(namespace, name))
}
