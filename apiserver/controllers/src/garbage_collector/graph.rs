//! The ownership graph, read from the caches of every kind: an object is known by its uid.

use std::sync::Arc;

use api::{Key, Kind, kinds};
use client::{Cluster, Item, Owner, views::MetaView};

/// An object of some kind.
#[derive(Clone)]
pub(super) struct Node {
    pub kind: &'static Kind,
    pub item: Arc<Item<MetaView>>,
}

/// Whether a kind takes part. Events own nothing, are owned by nothing, and are many.
pub(super) fn is_collected(kind: &Kind) -> bool {
    !(kind.kind == kinds::EVENT.kind && kind.group() == kinds::EVENT.group())
}

fn collected(cluster: &Cluster) -> impl Iterator<Item = &'static Kind> {
    cluster.kinds().into_iter().filter(|kind| is_collected(kind))
}

pub(super) fn find(cluster: &Cluster, uid: &str) -> Option<Node> {
    first(cluster, "uid", uid)
}

fn first(cluster: &Cluster, index: &'static str, value: &str) -> Option<Node> {
    collected(cluster).find_map(|kind| {
        let item = cluster.informer_of(kind).by(index, value).into_iter().next()?;
        Some(Node { kind, item })
    })
}

/// Everything with a reference to this uid.
pub(super) fn dependents(cluster: &Cluster, uid: &str) -> Vec<Node> {
    let of = |kind| cluster.informer_of(kind).by("dependents", uid).into_iter().map(move |item| Node { kind, item });
    collected(cluster).flat_map(of).collect()
}

impl Node {
    pub(super) fn references(&self) -> &[Owner] {
        &self.item.metadata.owners
    }

    /// The dependent's reference to `uid` says that the owner's deletion waits for it.
    pub(super) fn blocks(&self, uid: &str) -> bool {
        self.references().iter().any(|owner| &*owner.uid == uid && owner.block_owner_deletion)
    }

    /// Being deleted, and not before its dependents.
    pub(super) fn is_awaiting_dependents(&self) -> bool {
        self.item.terminating() && self.item.metadata.finalizers.iter().any(|f| &**f == super::plan::FOREGROUND)
    }
}

/// Where the object that a reference names would be. `None` when no such kind is served.
pub(super) fn place(cluster: &Cluster, owner: &Owner, namespace: &str) -> Option<(&'static Kind, Key)> {
    let (group, version) = owner.api_version.split_once('/').unwrap_or(("", &owner.api_version));
    let kind = cluster.by_kind(group, version, &owner.kind)?;
    Some((kind, if kind.namespaced { Key::new(namespace, &owner.name) } else { Key::cluster(&owner.name) }))
}
