//! Empties a namespace that is being deleted: pods first, then the rest, then its own finalizer.

use api::{Key, Kind, kinds};
use client::{
    Action, Change, Cluster, Controller,
    views::{MetaView, NamespaceView},
};
use k8s_openapi::{api::core::v1::NamespaceCondition, apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde_json::{Value, json};

use crate::{
    error::Error,
    objects::{self, Part},
};

const FINALIZER: &str = "kubernetes";

pub(crate) fn controller() -> Controller {
    let row = Controller::new("namespace", reconcile).watches::<NamespaceView>();
    row.maps_all(is_emptied, gone)
}

fn is_emptied(kind: &Kind) -> bool {
    kind.namespaced && kind.verbs.contains(&"deletecollection")
}

fn namespaced(cluster: &Cluster) -> Vec<&'static Kind> {
    cluster.kinds().into_iter().filter(|kind| is_emptied(kind)).collect()
}

/// What changes in a namespace on its way out wakes it: the last object that goes, or one that slipped in.
fn gone(cluster: &Cluster, change: &Change<MetaView>) -> Vec<Key> {
    let namespace = Key::cluster(&change.key().namespace);
    let ending = cluster.informer::<NamespaceView>().get(&namespace).is_some_and(|item| item.terminating());
    if ending { vec![namespace] } else { Vec::new() }
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let namespaces = cluster.informer::<NamespaceView>();
    let Some(item) = namespaces.get(&key).filter(|item| item.terminating()) else { return Ok(Action::Done) };
    if !item.finalizers.iter().any(|name| &**name == FINALIZER) {
        return Ok(Action::Done);
    }
    // a kind that was defined a moment ago may have objects that its cache does not show yet
    for kind in namespaced(&cluster) {
        cluster.informer_of(kind).synced().await;
    }
    let content = empty(&cluster, &key.name).await;
    let failure = content.as_ref().err().map(Error::words);
    let remaining = remaining(&cluster, &key.name);
    let live: Value = item.object.value();
    let old: Vec<NamespaceCondition> = serde_json::from_value(live["status"]["conditions"].clone()).unwrap_or_default();
    let new = conditions(&old, &remaining, failure.as_deref(), Timestamp::now());
    if new != old {
        let patch = json!({"status": {"phase": "Terminating", "conditions": new}});
        match objects::merge(&cluster, &kinds::NAMESPACE, &key, Part::Status, patch).await {
            Ok(written) => namespaces.reached(written.revision()).await,
            Err(error) if error.is_not_found() => return Ok(Action::Done),
            Err(error) => return Err(error),
        }
    }
    content?;
    if remaining.is_empty() {
        objects::finalize(&cluster, &key, item.uid(), FINALIZER).await?;
    }
    Ok(Action::Done)
}

/// Asks for the deletion of what is there and not on its way yet. Pods go before what they use: the other kinds wait
/// until the last pod is gone.
async fn empty(cluster: &Cluster, namespace: &str) -> Result<(), Error> {
    let mut first = Ok(());
    for kinds in [&[&kinds::POD][..], &namespaced(cluster).into_iter().filter(|kind| kind.kind != "Pod").collect::<Vec<_>>()]
    {
        for kind in kinds {
            let there = cluster.informer_of(kind).in_namespace(namespace);
            if there.iter().all(|item| item.terminating()) {
                continue;
            }
            let deleted = objects::delete_all(cluster, kind, namespace).await;
            first = first.and(deleted);
        }
        if !cluster.informer_of(&kinds::POD).in_namespace(namespace).is_empty() {
            return first;
        }
    }
    first
}

/// What is still there.
#[derive(Debug, Default)]
struct Remaining {
    /// `pods has 3 resource instances`, by resource.
    resources: Vec<(String, usize)>,
    /// Finalizers that hold something, and how many objects each holds.
    finalizers: Vec<(String, usize)>,
}

impl Remaining {
    fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }
}

fn remaining(cluster: &Cluster, namespace: &str) -> Remaining {
    let mut remaining = Remaining::default();
    for kind in namespaced(cluster) {
        let items = cluster.informer_of(kind).in_namespace(namespace);
        if !items.is_empty() {
            let resource = if kind.group().is_empty() { format!("{}.", kind.plural) } else { kind.resource() };
            remaining.resources.push((resource, items.len()));
        }
        for finalizer in items.iter().flat_map(|item| &item.metadata.finalizers) {
            match remaining.finalizers.iter_mut().find(|(name, _)| *name == **finalizer) {
                Some((_, count)) => *count += 1,
                None => remaining.finalizers.push((finalizer.to_string(), 1)),
            }
        }
    }
    remaining.resources.sort();
    remaining.finalizers.sort();
    remaining
}

fn conditions(
    old: &[NamespaceCondition],
    remaining: &Remaining,
    failure: Option<&str>,
    now: Timestamp,
) -> Vec<NamespaceCondition> {
    let list = |all: &[(String, usize)], what: &str| {
        let each: Vec<String> =
            all.iter().map(|(name, count)| format!("{name} {what} {count} resource instances")).collect();
        each.join(", ")
    };
    let failed = failure.map(|error| format!("Failed to delete all resource types, 1 remaining: {error}"));
    let content = (!remaining.resources.is_empty())
        .then(|| format!("Some resources are remaining: {}", list(&remaining.resources, "has")));
    let finalizers = (!remaining.finalizers.is_empty())
        .then(|| format!("Some content in the namespace has finalizers remaining: {}", list(&remaining.finalizers, "in")));
    let fine = [
        ("NamespaceDeletionDiscoveryFailure", None, "", "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            None,
            "",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            failed,
            "ContentDeletionFailed",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        ("NamespaceContentRemaining", content, "SomeResourcesRemain", "ContentRemoved", "All content successfully removed"),
        (
            "NamespaceFinalizersRemaining",
            finalizers,
            "SomeFinalizersRemain",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ];
    let one = |(kind, trouble, bad, good, text): (&str, Option<String>, &str, &str, &str)| {
        let status = if trouble.is_some() { "True" } else { "False" };
        let before = old.iter().find(|condition| condition.type_ == kind && condition.status == status);
        NamespaceCondition {
            type_: kind.into(),
            status: status.into(),
            reason: Some(if trouble.is_some() { bad } else { good }.into()),
            message: Some(trouble.unwrap_or_else(|| text.into())),
            last_transition_time: before.and_then(|old| old.last_transition_time.clone()).or(Some(Time(now))),
        }
    };
    fine.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_tell_what_remains_and_keep_the_time_of_their_change() {
        let remaining = Remaining { resources: vec![("pods.".into(), 2)], finalizers: vec![("example.com/hold".into(), 1)] };
        let first = conditions(&[], &remaining, None, Timestamp::UNIX_EPOCH);
        let message = |kind: &str| first.iter().find(|c| c.type_ == kind).and_then(|c| c.message.clone()).unwrap();
        assert_eq!(message("NamespaceContentRemaining"), "Some resources are remaining: pods. has 2 resource instances");
        assert_eq!(
            message("NamespaceFinalizersRemaining"),
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
        );
        let later = Timestamp::from_second(60).unwrap();
        assert_eq!(conditions(&first, &remaining, None, later), first);
        let emptied = conditions(&first, &Remaining::default(), None, later);
        let content = emptied.iter().find(|c| c.type_ == "NamespaceContentRemaining").unwrap();
        assert_eq!((content.status.as_str(), content.last_transition_time.clone()), ("False", Some(Time(later))));
    }
}
