//! Evicts pods that do not, or no longer, tolerate the NoExecute taints of their node.

use std::time::Duration;

use api::{Key, kinds};
use client::{
    Action, Change, Cluster, Controller, EventType, Item, Recorder,
    views::{NodeView, PodView},
};
use k8s_openapi::{
    api::core::v1::{Node, Pod, Taint},
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};
use serde_json::json;

use super::toleration;
use crate::{
    error::Error,
    events::Events,
    objects::{self, Part},
};

pub(crate) fn controller() -> Controller {
    let events = Events::of("taint-eviction-controller");
    Controller::new("taint-eviction", move |cluster, key| reconcile(cluster, key, events.clone()))
        .watches::<NodeView>()
        .maps::<PodView>(bound)
}

/// The node of a pod that has just got it.
pub(super) fn bound(_: &Cluster, change: &Change<PodView>) -> Vec<Key> {
    let Some(new) = change.new.as_ref().filter(|pod| !pod.node.is_empty()) else { return Vec::new() };
    let known = change.old.as_ref().is_some_and(|old| old.node == new.node);
    if known { Vec::new() } else { vec![Key::cluster(&new.node)] }
}

async fn reconcile(cluster: Cluster, key: Key, events: Events) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<NodeView>().get(&key) else { return Ok(Action::Done) };
    if !item.taints.iter().any(|taint| &*taint.effect == "NoExecute") {
        return Ok(Action::Done);
    }
    let node: Node = item.decode().map_err(|source| Error::Decode { kind: "Node", key: key.clone(), source })?;
    let now = Timestamp::now();
    let taints = dated(&cluster, &item, node.spec.and_then(|spec| spec.taints).unwrap_or_default(), now).await?;
    let mut wake: Option<Duration> = None;
    for item in cluster.informer::<PodView>().by("node", &key.name) {
        if item.terminating() || item.is_terminal() {
            continue;
        }
        let pod: Pod = item.decode().map_err(|source| Error::Decode { kind: "Pod", key: item.key().clone(), source })?;
        let tolerations = pod.spec.and_then(|spec| spec.tolerations).unwrap_or_default();
        let Some(deadline) = toleration::deadline(&taints, &tolerations, now) else { continue };
        match Duration::try_from(deadline.duration_since(now)) {
            Ok(left) if !left.is_zero() => wake = Some(wake.map_or(left, |wake| wake.min(left))),
            _ => evict(&cluster, &item, events.recorder(&cluster), now).await?,
        }
    }
    Ok(wake.map_or(Action::Done, Action::After))
}

/// Gives taints without a time (a user's) the present one: what a pod tolerates for seconds is counted from then, also
/// by who looks later or after a restart. (Remembering when each was first seen would start anew with the process.)
async fn dated(
    cluster: &Cluster,
    node: &Item<NodeView>,
    mut taints: Vec<Taint>,
    now: Timestamp,
) -> Result<Vec<Taint>, Error> {
    let undated = |taint: &&mut Taint| taint.effect == "NoExecute" && taint.time_added.is_none();
    if taints.iter_mut().filter(undated).map(|taint| taint.time_added = Some(Time(now))).count() > 0 {
        let metadata = json!({"uid": node.uid(), "resourceVersion": node.revision().to_string()});
        let patch = json!({"metadata": metadata, "spec": {"taints": taints}});
        let written = objects::merge(cluster, &kinds::NODE, node.key(), Part::Whole, patch).await?;
        cluster.informer::<NodeView>().reached(written.revision()).await;
    }
    Ok(taints)
}

async fn evict(cluster: &Cluster, pod: &Item<PodView>, recorder: &Recorder, now: Timestamp) -> Result<(), Error> {
    let message = format!("Marking for deletion Pod {}", pod.key());
    recorder.event(&pod.reference(&kinds::POD), EventType::Normal, "TaintManagerEviction", message);
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint", "lastTransitionTime": Time(now),
    });
    let patch = json!({"metadata": {"uid": pod.uid()}, "status": {"conditions": [condition]}});
    match objects::strategic(cluster, &kinds::POD, pod.key(), Part::Status, patch).await {
        Ok(_) => {}
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    }
    objects::delete(cluster, &kinds::POD, pod.key(), &objects::only(pod.uid())).await.map(drop)
}
