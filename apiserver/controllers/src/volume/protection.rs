//! Holds claims that pods use and volumes that are bound: their finalizers go when nobody needs them any more.

use api::{Key, Kind, kinds};
use client::{Action, Cluster, Controller, Item};
use serde_json::json;

use super::{ClaimView, MountView, VolumeView, path};
use crate::{
    error::Error,
    objects::{self, Part},
};

const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

pub(crate) fn claims() -> Controller {
    Controller::new("pvc-protection", |cluster, key| async move {
        let Some(claim) = held(cluster.informer::<ClaimView>().get(&key), CLAIM) else { return Ok(Action::Done) };
        if cluster.informer::<MountView>().count("claim", &path(&key)) == 0 {
            let_go(&cluster, &kinds::PERSISTENT_VOLUME_CLAIM, &claim, CLAIM).await?;
        }
        Ok::<_, Error>(Action::Done)
    })
    .watches::<ClaimView>()
    .maps::<MountView>(|_, change| {
        let used = |name: &str| Key::new(&change.key().namespace, name);
        let claims = change.sides().flat_map(|pod| pod.view.claims.iter().map(|name| used(name)));
        claims.collect()
    })
}

pub(crate) fn volumes() -> Controller {
    Controller::new("pv-protection", |cluster, key| async move {
        let Some(volume) = held(cluster.informer::<VolumeView>().get(&key), VOLUME) else { return Ok(Action::Done) };
        let claim = super::key(&volume.view.claim).and_then(|claim| cluster.informer::<ClaimView>().get(&claim));
        // a volume is used by the claim that names it, whatever the volume says of a claim that is gone
        if claim.is_none_or(|claim| *claim.view.volume != *key.name) {
            let_go(&cluster, &kinds::PERSISTENT_VOLUME, &volume, VOLUME).await?;
        }
        Ok::<_, Error>(Action::Done)
    })
    .watches::<VolumeView>()
    .maps::<ClaimView>(|_, change| {
        let volumes = change.sides().filter(|claim| !claim.view.volume.is_empty());
        volumes.map(|claim| Key::cluster(&claim.view.volume)).collect()
    })
}

/// The object, if it is on its way out and only waits for us.
fn held<V>(item: Option<std::sync::Arc<Item<V>>>, finalizer: &str) -> Option<std::sync::Arc<Item<V>>> {
    item.filter(|item| item.terminating() && item.metadata.finalizers.iter().any(|name| **name == *finalizer))
}

async fn let_go<V>(cluster: &Cluster, kind: &'static Kind, item: &Item<V>, finalizer: &str) -> Result<(), Error> {
    let rest: Vec<&str> = item.metadata.finalizers.iter().map(|name| &**name).filter(|name| *name != finalizer).collect();
    // the revision: somebody may have added another finalizer meanwhile
    let metadata = json!({"uid": item.uid(), "resourceVersion": item.revision().to_string(), "finalizers": rest});
    match objects::merge(cluster, kind, item.key(), Part::Whole, json!({"metadata": metadata})).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}
