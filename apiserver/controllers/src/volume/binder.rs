//! Gives claims volumes: a volume is first kept for a claim, then the claim is told. What a claim leaves is released.

use std::sync::Arc;

use api::{Key, kinds};
use client::{Action, Cluster, Controller, EventType, Item};
use serde_json::{Value, json};

use super::{
    ClaimView, VolumeView, claim_of, key, matching,
    matching::{Candidate, is_kept_for},
    path, text,
};
use crate::{
    error::Error,
    events::Events,
    objects::{self, Part},
};

const COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// Claims that want a volume. Every volume that comes or is freed wakes those that wait.
pub(crate) fn claims() -> Controller {
    let events = Events::of("persistentvolume-controller");
    Controller::new("persistentvolume-binder", move |cluster, key| claim(cluster, key, events.clone()))
        .watches::<ClaimView>()
        .maps::<VolumeView>(|cluster, change| {
            if let Some(claim) = key(&change.latest().view.claim) {
                return vec![claim];
            }
            let claims = cluster.informer::<ClaimView>().all();
            claims.iter().filter(|claim| claim.view.volume.is_empty()).map(|claim| claim.key().clone()).collect()
        })
        // two claims must not choose the same volume at once
        .workers(1)
}

/// Volumes: free, bound, or left by their claim.
pub(crate) fn volumes() -> Controller {
    let events = Events::of("persistentvolume-controller");
    Controller::new("persistentvolume-phase", move |cluster, key| volume(cluster, key, events.clone()))
        .watches::<VolumeView>()
        .maps::<ClaimView>(|cluster, change| {
            let volumes = cluster.informer::<VolumeView>().by("claim", &path(change.key()));
            volumes.iter().map(|volume| volume.key().clone()).collect()
        })
}

async fn claim(cluster: Cluster, key: Key, events: Events) -> Result<Action, Error> {
    let claims = cluster.informer::<ClaimView>();
    let Some(item) = claims.get(&key).filter(|item| !item.terminating()) else { return Ok(Action::Done) };
    let claim = item.object.value();
    let volumes = cluster.informer::<VolumeView>();
    let name = match &*item.view.volume {
        "" => {
            let all = volumes.all();
            let values: Vec<Value> = all.iter().map(|volume| volume.object.value()).collect();
            let candidates = all.iter().zip(&values).map(|(item, volume)| Candidate {
                name: item.name(),
                meta: &item.object.meta,
                volume,
            });
            match matching::choose(&claim, &candidates.collect::<Vec<_>>()) {
                Some(name) => name.to_owned(),
                None => return Ok(nothing_suits(&cluster, &item, &claim, &events)),
            }
        }
        named => named.to_owned(),
    };
    let Some(volume) = volumes.get(&Key::cluster(&name)) else {
        return phase(&cluster, &item, &claim, if is_completed(&claim) { "Lost" } else { "Pending" }).await;
    };
    let value = volume.object.value();
    if claim_of(&value).is_some() && !is_kept_for(&value, &claim) {
        return phase(&cluster, &item, &claim, if is_completed(&claim) { "Lost" } else { "Pending" }).await;
    }
    let seen = keep(&cluster, &volume, &value, &claim).await?;
    tell(&cluster, &item, &claim, &value, &name).await?;
    volumes.reached(seen).await;
    Ok(Action::Done)
}

fn is_completed(claim: &Value) -> bool {
    claim["metadata"]["annotations"][COMPLETED] == "yes"
}

/// A claim that waits says what for.
fn nothing_suits(cluster: &Cluster, item: &Arc<Item<ClaimView>>, claim: &Value, events: &Events) -> Action {
    let about = item.reference(&kinds::PERSISTENT_VOLUME_CLAIM);
    let (kind, reason, message) = if text(claim, "/spec/storageClassName").is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        (EventType::Normal, "FailedBinding", message.to_owned())
    } else {
        let class = text(claim, "/spec/storageClassName");
        let message = format!(
            "storageclass.storage.k8s.io {class:?}: no persistent volume of this class is free, and nothing here makes one"
        );
        (EventType::Warning, "ProvisioningFailed", message)
    };
    events.recorder(cluster).event(&about, kind, reason, message);
    Action::Done
}

/// Writes the claim into the volume.
async fn keep(cluster: &Cluster, item: &Item<VolumeView>, volume: &Value, claim: &Value) -> Result<api::Revision, Error> {
    if text(volume, "/spec/claimRef/uid") == text(claim, "/metadata/uid") && text(volume, "/status/phase") == "Bound" {
        return Ok(item.revision());
    }
    let metadata = |name: &str| claim["metadata"][name].clone();
    let mut patch = json!({
        "metadata": {"uid": item.uid(), "resourceVersion": item.revision().to_string()},
        "spec": {"claimRef": {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": metadata("namespace"), "name": metadata("name"),
            "uid": metadata("uid"), "resourceVersion": metadata("resourceVersion"),
        }},
    });
    if volume["spec"]["claimRef"].is_null() {
        patch["metadata"]["annotations"] = json!({BY_CONTROLLER: "yes"});
    }
    objects::merge(cluster, &kinds::PERSISTENT_VOLUME, item.key(), Part::Whole, patch).await?;
    let patch = json!({"metadata": {"uid": item.uid()}, "status": {"phase": "Bound"}});
    let written = objects::merge(cluster, &kinds::PERSISTENT_VOLUME, item.key(), Part::Status, patch).await?;
    Ok(written.revision())
}

/// Writes the volume into the claim.
async fn tell(cluster: &Cluster, item: &Item<ClaimView>, claim: &Value, volume: &Value, name: &str) -> Result<(), Error> {
    let kind = &kinds::PERSISTENT_VOLUME_CLAIM;
    if !is_completed(claim) || item.view.volume.is_empty() {
        let mut annotations = json!({COMPLETED: "yes"});
        if item.view.volume.is_empty() {
            annotations[BY_CONTROLLER] = "yes".into();
        }
        let patch = json!({"metadata": {"uid": item.uid(), "annotations": annotations}, "spec": {"volumeName": name}});
        objects::merge(cluster, kind, item.key(), Part::Whole, patch).await?;
    }
    let status = json!({
        "phase": "Bound", "accessModes": volume["spec"]["accessModes"], "capacity": volume["spec"]["capacity"],
    });
    let there = &claim["status"];
    if ["phase", "accessModes", "capacity"].iter().any(|name| there[name] != status[name]) {
        let patch = json!({"metadata": {"uid": item.uid()}, "status": status});
        objects::merge(cluster, kind, item.key(), Part::Status, patch).await?;
    }
    Ok(())
}

async fn phase(cluster: &Cluster, item: &Item<ClaimView>, claim: &Value, phase: &str) -> Result<Action, Error> {
    if text(claim, "/status/phase") != phase {
        let patch = json!({"metadata": {"uid": item.uid()}, "status": {"phase": phase}});
        objects::merge(cluster, &kinds::PERSISTENT_VOLUME_CLAIM, item.key(), Part::Status, patch).await?;
    }
    Ok(Action::Done)
}

async fn volume(cluster: Cluster, key: Key, events: Events) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<VolumeView>().get(&key).filter(|item| !item.terminating()) else {
        return Ok(Action::Done);
    };
    let volume = item.object.value();
    let claim = claim_of(&volume).and_then(|claim| cluster.informer::<ClaimView>().get(&claim));
    let alive = claim.is_some_and(|claim| *claim.uid() == *text(&volume, "/spec/claimRef/uid"));
    let phase = match (text(&volume, "/spec/claimRef/uid"), alive) {
        ("", _) => "Available",
        (_, true) => return Ok(Action::Done),
        (_, false) => "Released",
    };
    if text(&volume, "/status/phase") != phase {
        let now = k8s_openapi::jiff::Timestamp::now().strftime("%FT%TZ").to_string();
        let status = json!({"phase": phase, "lastPhaseTransitionTime": now});
        let patch = json!({"metadata": {"uid": item.uid()}, "status": status});
        objects::merge(&cluster, &kinds::PERSISTENT_VOLUME, &key, Part::Status, patch).await?;
    }
    if phase == "Released" && text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Delete" {
        let about = item.reference(&kinds::PERSISTENT_VOLUME);
        let message = "no deleter is known for the volume: what is in it stays";
        events.recorder(&cluster).event(&about, EventType::Warning, "VolumeFailedDelete", message);
    }
    Ok(Action::Done)
}
