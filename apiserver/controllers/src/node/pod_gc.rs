//! Deletes pods that no node will ever end: those of a node that is gone, and ended ones beyond a number.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{Key, kinds};
use client::{
    Action, Change, Cluster, Controller, Item,
    views::{NodeView, PodView},
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use kube::api::DeleteParams;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::eviction::bound;
use crate::{
    error::Error,
    objects::{self, Part},
};

/// A node that was deleted may register again: its pods are left alone that long.
const QUARANTINE: Duration = Duration::from_secs(40);
/// Ended pods that are kept, for users to look at.
const ENDED: usize = 12_500;

/// Since when each absent node is known to be absent.
type Absent = Arc<Mutex<HashMap<Key, Instant>>>;

/// Keys are nodes; the empty name stands for the ended pods of all.
pub(crate) fn controller() -> Controller {
    let absent = Absent::default();
    Controller::new("podgc", move |cluster, key| reconcile(cluster, key, absent.clone()))
        .maps::<NodeView>(|_, change| if change.is_delete() { vec![change.key().clone()] } else { Vec::new() })
        .maps::<PodView>(|cluster, change| {
            let mut keys = bound(cluster, change);
            keys.extend(ended(cluster, change));
            keys
        })
        .workers(1)
}

fn ended(cluster: &Cluster, change: &Change<PodView>) -> Option<Key> {
    let ended = change.new.as_ref().is_some_and(|pod| pod.is_terminal());
    (ended && cluster.informer::<PodView>().len() > ENDED).then(|| Key::cluster(""))
}

async fn reconcile(cluster: Cluster, key: Key, absent: Absent) -> Result<Action, Error> {
    if key.name.is_empty() {
        return trim(&cluster).await;
    }
    if cluster.informer::<NodeView>().get(&key).is_some() {
        forget(&absent, &key);
        return Ok(Action::Done);
    }
    if let Some(left) = QUARANTINE.checked_sub(since(&absent, &key).elapsed()).filter(|left| !left.is_zero()) {
        return Ok(Action::After(left));
    }
    // the cache may lag: the API has the last word
    if objects::get::<Value>(&cluster, &kinds::NODE, &key).await?.is_none() {
        for pod in cluster.informer::<PodView>().by("node", &key.name) {
            orphaned(&cluster, &pod).await?;
        }
    }
    forget(&absent, &key);
    Ok(Action::Done)
}

fn since(absent: &Absent, node: &Key) -> Instant {
    *absent.lock().entry(node.clone()).or_insert_with(Instant::now)
}

fn forget(absent: &Absent, node: &Key) {
    absent.lock().remove(node);
}

async fn orphaned(cluster: &Cluster, pod: &Item<PodView>) -> Result<(), Error> {
    if !pod.is_terminal() {
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists", "lastTransitionTime": Time(Timestamp::now()),
        });
        let status = json!({"phase": "Failed", "conditions": [condition]});
        let patch = json!({"metadata": {"uid": pod.uid()}, "status": status});
        match objects::strategic(cluster, &kinds::POD, pod.key(), Part::Status, patch).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    force(cluster, pod).await
}

/// Without waiting for a node to say that the pod has ended.
async fn force(cluster: &Cluster, pod: &Item<PodView>) -> Result<(), Error> {
    let params = DeleteParams { grace_period_seconds: Some(0), ..objects::only(pod.uid()) };
    objects::delete(cluster, &kinds::POD, pod.key(), &params).await.map(drop)
}

async fn trim(cluster: &Cluster) -> Result<Action, Error> {
    let mut ended: Vec<_> = cluster.informer::<PodView>().all();
    ended.retain(|pod| pod.is_terminal() && !pod.terminating());
    ended.sort_by_key(|pod| pod.metadata.creation_timestamp);
    let surplus = ended.len().saturating_sub(ENDED);
    for pod in &ended[..surplus] {
        force(cluster, pod).await?;
    }
    Ok(Action::Done)
}
