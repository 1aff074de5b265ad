//! Deletes what nobody owns any more, by owner references: in the background, in the foreground, or leaving orphans.

/// Who owns whom.
mod graph;
/// What becomes of an object; pure.
mod plan;

use api::{Key, Revision};
use client::{Action, Change, Cluster, Controller, Owner, views::MetaView};
use kube::api::{DeleteParams, Preconditions, PropagationPolicy};
use serde_json::{Value, json};

use crate::{
    error::Error,
    objects::{self, Part},
};
use graph::Node;
use plan::{Policy, Verdict};

const WORKERS: usize = 8;

/// Keys are uids: a reference names its owner by uid, and two objects of one name are two objects.
pub(crate) fn controller() -> Controller {
    let row = Controller::new("garbagecollector", reconcile).workers(WORKERS);
    row.maps_all(graph::is_collected, concerned)
}

/// Whom a change of an object concerns: itself, and in its end (or the beginning of its end) all that depend on it or
/// wait for it.
fn concerned(cluster: &Cluster, change: &Change<MetaView>) -> Vec<Key> {
    let item = change.latest();
    let mut uids: Vec<Box<str>> = Vec::new();
    if !change.is_delete() && (!item.metadata.owners.is_empty() || item.terminating()) {
        uids.push(item.uid().into());
    }
    if change.is_delete() || item.terminating() {
        uids.extend(graph::dependents(cluster, item.uid()).iter().map(|node| node.item.uid().into()));
    }
    // an owner in the foreground may have waited for this one, or for a reference it no longer has
    for owner in change.sides().flat_map(|side| side.view.owners()) {
        if (change.is_delete() || item.terminating() || !item.view.owners().any(|uid| uid == owner))
            && !uids.iter().any(|uid| &**uid == owner)
        {
            uids.push(owner.into());
        }
    }
    uids.iter().map(|uid| Key::cluster(uid)).collect()
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let Some(node) = graph::find(&cluster, &key.name) else { return Ok(Action::Done) };
    let mut standing = Vec::with_capacity(node.references().len());
    for owner in node.references() {
        standing.push((&*owner.uid, stand(&cluster, &node, owner).await?));
    }
    let dependents = graph::dependents(&cluster, node.item.uid());
    let verdict = plan::plan(&plan::Item {
        deleting: node.item.terminating(),
        finalizers: &node.item.metadata.finalizers,
        owners: &standing,
        has_dependents: !dependents.is_empty(),
        in_circle: dependents.iter().any(Node::is_awaiting_dependents),
        is_blocked: dependents.iter().any(|dependent| dependent.blocks(node.item.uid())),
    });
    apply(&cluster, &node, &dependents, verdict).await?;
    Ok(Action::Done)
}

/// Caches may lag, so nobody is called absent before the API has said so.
async fn stand(cluster: &Cluster, node: &Node, owner: &Owner) -> Result<plan::Owner, Error> {
    if let Some(known) = graph::find(cluster, &owner.uid) {
        let same_room = !known.kind.namespaced || known.item.namespace() == node.item.namespace();
        return Ok(match (same_room, known.is_awaiting_dependents()) {
            // an owner in another namespace is no owner
            (false, _) => plan::Owner::Absent,
            (true, true) => plan::Owner::Waiting { blocks: owner.block_owner_deletion },
            (true, false) => plan::Owner::Solid,
        });
    }
    let Some((kind, key)) = graph::place(cluster, owner, node.item.namespace()) else {
        tracing::warn!(kind = %owner.kind, api_version = %owner.api_version, "an owner of a kind that is not served");
        return Ok(plan::Owner::Solid);
    };
    let live: Option<Value> = objects::get(cluster, kind, &key).await?;
    Ok(match live {
        Some(live) if live["metadata"]["uid"] == *owner.uid => plan::Owner::Solid,
        _ => plan::Owner::Absent,
    })
}

async fn apply(cluster: &Cluster, node: &Node, dependents: &[Node], verdict: Verdict) -> Result<(), Error> {
    match verdict {
        Verdict::Keep | Verdict::AwaitDependents => Ok(()),
        Verdict::Unlink(uids) => unlink(cluster, node, |uid| uids.iter().any(|loose| loose == uid)).await,
        Verdict::Unblock => {
            let free = |owner: &Owner| Owner { block_owner_deletion: false, ..owner.clone() };
            change(cluster, node, references(node.references().iter().map(free))).await
        }
        Verdict::Delete(policy) => delete(cluster, node, policy).await,
        Verdict::FinishForeground => finish(cluster, node, plan::FOREGROUND).await,
        Verdict::Orphan => {
            for dependent in dependents {
                unlink(cluster, dependent, |uid| uid == node.item.uid()).await?;
            }
            finish(cluster, node, plan::ORPHAN).await
        }
    }
}

async fn delete(cluster: &Cluster, node: &Node, policy: Policy) -> Result<(), Error> {
    let propagation_policy = match policy {
        Policy::Background => PropagationPolicy::Background,
        Policy::Foreground => PropagationPolicy::Foreground,
        Policy::Orphan => PropagationPolicy::Orphan,
    };
    // of this version only: whoever changed it since may have given it another owner
    let preconditions =
        Preconditions { uid: Some(node.item.uid().to_owned()), resource_version: Some(node.item.revision().to_string()) };
    let params = DeleteParams {
        propagation_policy: Some(propagation_policy),
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    };
    let written = objects::delete(cluster, node.kind, node.item.key(), &params).await?;
    reached(cluster, node, written.revision()).await;
    Ok(())
}

/// Takes references away; the write is refused if the object changed since it was read.
async fn unlink(cluster: &Cluster, node: &Node, loose: impl Fn(&str) -> bool) -> Result<(), Error> {
    let keep = || node.references().iter().filter(|owner| !loose(&owner.uid));
    if keep().count() == node.references().len() {
        return Ok(());
    }
    change(cluster, node, references(keep().cloned())).await
}

fn references(owners: impl Iterator<Item = Owner>) -> Value {
    let reference = |owner: Owner| {
        json!({
            "apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid,
            "controller": owner.controller, "blockOwnerDeletion": owner.block_owner_deletion,
        })
    };
    json!({"ownerReferences": owners.map(reference).collect::<Vec<_>>()})
}

async fn finish(cluster: &Cluster, node: &Node, finalizer: &str) -> Result<(), Error> {
    let left: Vec<&str> =
        node.item.metadata.finalizers.iter().map(|name| &**name).filter(|name| *name != finalizer).collect();
    change(cluster, node, json!({"finalizers": left})).await
}

async fn change(cluster: &Cluster, node: &Node, mut metadata: Value) -> Result<(), Error> {
    metadata["resourceVersion"] = node.item.revision().to_string().into();
    metadata["uid"] = node.item.uid().into();
    let patch = json!({"metadata": metadata});
    match objects::merge(cluster, node.kind, node.item.key(), Part::Whole, patch).await {
        Ok(written) => reached(cluster, node, written.revision()).await,
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn reached(cluster: &Cluster, node: &Node, revision: Revision) {
    cluster.informer_of(node.kind).reached(revision).await;
}
