//! Says that a node is not heard of any more: the timer is the Lease's own, so nothing polls.

use api::{Key, Kind, Object, kinds};
use client::{
    Action, Cluster, Controller, EventType, Item, Recorder, View, view,
    views::{NodeView, PodView},
};
use k8s_openapi::{api::core::v1::Node, apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::health;
use crate::{
    error::Error,
    events::Events,
    objects::{self, Part},
};

const LEASES: &str = "kube-node-lease";

/// When a Lease was last renewed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LeaseView {
    spec: LeaseSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LeaseSpec {
    renew_time: Option<Timestamp>,
}

impl View for LeaseView {
    const KIND: &'static Kind = &kinds::LEASE;

    fn of(object: &Object) -> Self {
        view::read(object)
    }
}

pub(crate) fn controller() -> Controller {
    let events = Events::of("node-controller");
    // after a restart of everything, Leases are old through nobody's fault
    let started = Timestamp::now();
    Controller::new("nodelifecycle", move |cluster, key| reconcile(cluster, key, events.clone(), started))
        .watches::<NodeView>()
        .maps::<LeaseView>(|_, change| {
            let key = change.key();
            if &*key.namespace == LEASES { vec![Key::cluster(&key.name)] } else { Vec::new() }
        })
        .reads::<PodView>()
}

async fn reconcile(cluster: Cluster, key: Key, events: Events, started: Timestamp) -> Result<Action, Error> {
    let nodes = cluster.informer::<NodeView>();
    let Some(item) = nodes.get(&key) else { return Ok(Action::Done) };
    let node: Node = item.decode().map_err(|source| Error::Decode { kind: "Node", key: key.clone(), source })?;
    let lease = cluster.informer::<LeaseView>().get(&Key::new(LEASES, &key.name));
    let renewed = lease.and_then(|lease| lease.spec.renew_time);
    let heard = renewed.into_iter().chain(item.metadata.creation_timestamp).fold(started, Timestamp::max);
    let now = Timestamp::now();
    let plan = health::plan(&node, heard, now);
    let recorder = events.recorder(&cluster);
    if plan.fell {
        let message = format!("Node {} status is now: NodeNotReady", key.name);
        recorder.event(&item.reference(&kinds::NODE), EventType::Normal, "NodeNotReady", message);
    }
    if let Some(conditions) = plan.conditions {
        let patch = json!({"metadata": {"uid": item.uid()}, "status": {"conditions": conditions}});
        let written = objects::strategic(&cluster, &kinds::NODE, &key, Part::Status, patch).await?;
        nodes.reached(written.revision()).await;
        // the taints are decided from what the API now shows: their write is refused if the node changed since
        return Ok(Action::After(std::time::Duration::ZERO));
    }
    if let Some(taints) = plan.taints {
        let metadata = json!({"uid": item.uid(), "resourceVersion": item.revision().to_string()});
        let patch = json!({"metadata": metadata, "spec": {"taints": taints}});
        let written = objects::merge(&cluster, &kinds::NODE, &key, Part::Whole, patch).await?;
        nodes.reached(written.revision()).await;
    }
    if !plan.ready {
        let pods = cluster.informer::<PodView>();
        for pod in pods.by("node", &key.name).iter().filter(|pod| pod.ready) {
            unready(&cluster, pod, recorder, now).await?;
        }
    }
    Ok(plan.wake.map_or(Action::Done, Action::After))
}

/// Nobody can say any more that the pod is ready; Services shall not send to it.
async fn unready(cluster: &Cluster, pod: &Item<PodView>, recorder: &Recorder, now: Timestamp) -> Result<(), Error> {
    let condition = json!({"type": "Ready", "status": "False", "lastTransitionTime": Time(now)});
    let patch = json!({"metadata": {"uid": pod.uid()}, "status": {"conditions": [condition]}});
    match objects::strategic(cluster, &kinds::POD, pod.key(), Part::Status, patch).await {
        Ok(_) => {}
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    }
    recorder.event(&pod.reference(&kinds::POD), EventType::Warning, "NodeNotReady", "Node is not ready");
    Ok(())
}
