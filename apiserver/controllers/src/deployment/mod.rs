//! Rolls the pods of a Deployment from one template to the next, through ReplicaSets.

/// Does it.
mod apply;
mod condition;
/// Its name.
mod hash;
/// Which old ReplicaSets are kept.
mod history;
/// The ReplicaSet of a template.
mod new_set;
/// What to do; pure.
mod plan;
/// Revisions and sizes as annotations.
mod revision;
/// How the new template takes over.
mod rollout;
/// Numbers of replicas.
mod size;
/// What is said about it all.
mod status;

use std::{collections::BTreeSet, sync::Arc};

use api::{Key, kinds, selector::LabelSelector};
use client::{
    Action, Change, Cluster, Controller, Item,
    views::{DeploymentView, PodView, ReplicaSetView},
};
use k8s_openapi::{
    api::apps::v1::{Deployment, ReplicaSet},
    jiff::Timestamp,
};

use crate::{
    error::Error,
    events::Events,
    objects,
    ownership::{Candidate, Claim, Claimant},
};
use apply::Work;
use plan::Observed;

const WORKERS: usize = 4;

pub(crate) fn controller() -> Controller {
    let events = Events::of("deployment-controller");
    Controller::new("deployment", move |cluster, key| reconcile(cluster, key, events.clone()))
        .watches::<DeploymentView>()
        .owns::<ReplicaSetView>()
        .maps::<ReplicaSetView>(adopters)
        .maps::<PodView>(recreated)
        .workers(WORKERS)
}

/// A ReplicaSet without a controller wakes whoever selects it.
fn adopters(cluster: &Cluster, change: &Change<ReplicaSetView>) -> Vec<Key> {
    let Some(orphan) = change.new.as_ref().filter(|set| set.controller().is_none() && !set.terminating()) else {
        return Vec::new();
    };
    let deployments = cluster.informer::<DeploymentView>().in_namespace(orphan.namespace());
    deployments.iter().filter(|d| d.selector.matches(orphan.labels())).map(|d| d.key().clone()).collect()
}

/// Recreate waits for the last pod of the old: a pod that went or ended wakes its Deployment. Everything else about pods
/// arrives through the status of their ReplicaSet.
fn recreated(cluster: &Cluster, change: &Change<PodView>) -> Vec<Key> {
    let ended = change.new.as_ref().is_none_or(|pod| pod.is_terminal());
    let owner = change.latest().controller().filter(|owner| ended && owner.is(&kinds::REPLICA_SET));
    let Some(owner) = owner else { return Vec::new() };
    let set = cluster.informer::<ReplicaSetView>().get(&Key::new(change.latest().namespace(), &owner.name));
    let deployment = set.and_then(|set| set.controller().map(|d| Key::new(set.namespace(), &d.name)));
    deployment.into_iter().collect()
}

async fn reconcile(cluster: Cluster, key: Key, events: Events) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<DeploymentView>().get(&key) else { return Ok(Action::Done) };
    let deployment: Deployment =
        item.decode().map_err(|source| Error::Decode { kind: "Deployment", key: key.clone(), source })?;
    let mine = claim(&cluster, &item, &deployment).await?;
    let mut sets = Vec::with_capacity(mine.len());
    for set in &mine {
        let decoded = set.decode::<ReplicaSet>();
        sets.push(decoded.map_err(|source| Error::Decode { kind: "ReplicaSet", key: set.key().clone(), source })?);
    }
    let occupied = if size::recreates(&deployment) { occupied(&cluster, &mine) } else { BTreeSet::new() };
    let observed = Observed { deployment: &deployment, sets: &sets, occupied: &occupied, now: Timestamp::now() };
    let plan = plan::plan(&observed);
    let wake = plan.wake;
    let work = Work { cluster: &cluster, item: &item, recorder: events.recorder(&cluster), observed };
    work.apply(plan).await?;
    Ok(wake.map_or(Action::Done, Action::After))
}

/// The ReplicaSets of this Deployment, after adopting and releasing what is to be.
async fn claim(
    cluster: &Cluster,
    item: &Item<DeploymentView>,
    deployment: &Deployment,
) -> Result<Vec<Arc<Item<ReplicaSetView>>>, Error> {
    let informer = cluster.informer::<ReplicaSetView>();
    let claimant = Claimant { uid: item.uid(), deleting: item.terminating() };
    let selector: &LabelSelector = &item.selector;
    let mut mine = Vec::new();
    for set in informer.by("owner", item.uid()).into_iter().chain(informer.by("orphans", item.namespace())) {
        let candidate = Candidate {
            controller: set.controller().map(|owner| &*owner.uid),
            matches: selector.matches(set.labels()),
            deleting: set.terminating(),
        };
        match claimant.claim(candidate) {
            Claim::Mine => mine.push(set),
            Claim::Foreign => {}
            Claim::Adopt => {
                let owner = new_set::owner(deployment);
                let written = objects::adopt(cluster, &kinds::REPLICA_SET, set.key(), set.uid(), &owner).await?;
                informer.reached(written.revision()).await;
                mine.extend(informer.get(set.key()));
            }
            Claim::Release => {
                let written = objects::release(cluster, &kinds::REPLICA_SET, set.key(), set.uid(), item.uid()).await?;
                informer.reached(written.revision()).await;
            }
        }
    }
    Ok(mine)
}

/// Uids of ReplicaSets that have pods which have not ended.
fn occupied(cluster: &Cluster, sets: &[Arc<Item<ReplicaSetView>>]) -> BTreeSet<String> {
    let pods = cluster.informer::<PodView>();
    let occupied = |uid: &str| pods.by("owner", uid).iter().any(|pod| !pod.is_terminal());
    sets.iter().map(|set| set.uid()).filter(|uid| occupied(uid)).map(str::to_owned).collect()
}
