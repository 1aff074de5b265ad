//! Keeps the number of pods of a ReplicaSet or a ReplicationController at `spec.replicas`.

/// Does it.
mod apply;
/// What to do; pure.
mod plan;
/// Which pods go first.
mod rank;
/// What is said about it.
mod status;
/// The two kinds, and what differs between them.
mod workload;

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::Key;
use client::{
    Action, Change, Cluster, Controller, Item,
    views::{PodView, ReplicaSetView},
};
use k8s_openapi::jiff::Timestamp;

use crate::{error::Error, events::Events};
use apply::Work;
use plan::{Goal, Plan, Pod};
use workload::{Replicates, ReplicationControllerView, Workload};

/// Keys worked on at the same time: most of the time they wait for the store.
const WORKERS: usize = 8;

pub(crate) fn replicaset() -> Controller {
    row::<ReplicaSetView>("replicaset", Events::of("replicaset-controller"))
}

pub(crate) fn replication_controller() -> Controller {
    row::<ReplicationControllerView>("replicationcontroller", Events::of("replication-controller"))
}

fn row<V: Replicates>(name: &'static str, events: Events) -> Controller {
    Controller::new(name, move |cluster, key| reconcile::<V>(cluster, key, events.clone()))
        .watches::<V>()
        .owns::<PodView>()
        .maps::<PodView>(adopters::<V>)
        .workers(WORKERS)
}

/// A pod without a controller wakes whoever selects it.
fn adopters<V: Replicates>(cluster: &Cluster, change: &Change<PodView>) -> Vec<Key> {
    let Some(orphan) = change.new.as_ref().filter(|pod| pod.controller().is_none() && !pod.terminating()) else {
        return Vec::new();
    };
    let owners = cluster.informer::<V>().in_namespace(orphan.namespace());
    owners.iter().filter(|owner| owner.selector().matches(orphan.labels())).map(|owner| owner.key().clone()).collect()
}

async fn reconcile<V: Replicates>(cluster: Cluster, key: Key, events: Events) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<V>().get(&key) else { return Ok(Action::Done) };
    let workload: Workload =
        item.decode().map_err(|source| Error::Decode { kind: V::KIND.kind, key: key.clone(), source })?;
    let (now, pods) = (Timestamp::now(), pods(&cluster, &item));
    let goal = Goal {
        uid: item.uid(),
        deleting: item.terminating(),
        replicas: workload.replicas(),
        min_ready: Duration::from_secs(workload.spec.min_ready_seconds.max(0).unsigned_abs().into()),
    };
    let plan = decide(&goal, &item, &workload, &pods, siblings(&cluster, &item), now);
    let work = Work { cluster: &cluster, item: &item, workload: &workload, recorder: events.recorder(&cluster) };
    work.apply(&plan, &pods, now).await?;
    Ok(plan.wake.map_or(Action::Done, Action::After))
}

/// What is ours, and what is nobody's.
fn pods<V: Replicates>(cluster: &Cluster, item: &Item<V>) -> Vec<Arc<Item<PodView>>> {
    let informer = cluster.informer::<PodView>();
    let mut pods = informer.by("owner", item.uid());
    let orphans = informer.by("orphans", item.namespace());
    pods.extend(orphans.into_iter().filter(|pod| item.selector().matches(pod.labels())));
    pods
}

/// Pods of every owner that has the same controller as this one, by node. Counted only when somebody has to go.
fn siblings<'a, V: Replicates>(cluster: &'a Cluster, item: &'a Item<V>) -> impl Fn() -> HashMap<Box<str>, usize> + 'a {
    move || {
        let family = match item.controller() {
            Some(parent) => cluster.informer::<V>().by("owner", &parent.uid).iter().map(|set| set.uid().into()).collect(),
            None => vec![Box::<str>::from(item.uid())],
        };
        let mut by_node = HashMap::new();
        for pod in family.iter().flat_map(|uid| cluster.informer::<PodView>().by("owner", uid)) {
            if !pod.is_terminal() && !pod.terminating() {
                *by_node.entry(pod.node.clone()).or_default() += 1;
            }
        }
        by_node
    }
}

fn decide<'a, V: Replicates>(
    goal: &Goal<'_>,
    item: &Item<V>,
    workload: &Workload,
    pods: &'a [Arc<Item<PodView>>],
    neighbours: impl Fn() -> HashMap<Box<str>, usize>,
    now: Timestamp,
) -> Plan<'a> {
    let template = workload.template_labels();
    let labeled = |pod: &Item<PodView>| template.is_none_or(|all| all.iter().all(|(k, v)| pod.label(k) == Some(v)));
    let mut seen: Vec<Pod<'a>> = pods
        .iter()
        .map(|pod| Pod {
            name: pod.name(),
            uid: pod.uid(),
            controller: pod.controller().map(|owner| &*owner.uid),
            matches: item.selector().matches(pod.labels()),
            fully_labeled: labeled(pod),
            deleting: pod.terminating(),
            phase: pod.phase,
            assigned: !pod.node.is_empty(),
            ready_since: pod.ready_since.filter(|_| pod.ready),
            deletion_cost: pod.deletion_cost,
            restarts: pod.restarts,
            created: pod.metadata.creation_timestamp.unwrap_or(now),
            neighbours: 0,
        })
        .collect();
    if seen.len() > goal.replicas && goal.replicas > 0 {
        let by_node = neighbours();
        for (pod, item) in seen.iter_mut().zip(pods) {
            pod.neighbours = by_node.get(&item.node).copied().unwrap_or(0);
        }
    }
    plan::plan(goal, &seen, now)
}
