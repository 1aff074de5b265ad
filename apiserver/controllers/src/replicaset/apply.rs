//! Does what the plan says: claims, creations in growing batches, deletions, the status last.

use std::sync::Arc;

use api::{Revision, kinds};
use client::{Cluster, EventType, Item, Recorder, views::PodView};
use futures::{StreamExt, stream};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::OwnerReference, jiff::Timestamp};
use serde_json::{Value, json};

use super::{
    plan::Plan,
    status::{Failure, Status},
    workload::{Replicates, Workload},
};
use crate::{
    difference,
    error::Error,
    objects::{self, Part, Written},
};

/// Writes under way at the same time for one owner.
const IN_FLIGHT: usize = 64;

/// One owner being reconciled.
pub(super) struct Work<'a, V> {
    pub cluster: &'a Cluster,
    pub item: &'a Item<V>,
    pub workload: &'a Workload,
    pub recorder: &'a Recorder,
}

impl<V: Replicates> Work<'_, V> {
    /// Resolves when the cache shows every pod written here: the next plan cannot count too few, so it never overshoots.
    /// (Counting expected events instead, as upstream does, needs a time-out for those that never come.)
    pub(super) async fn apply(&self, plan: &Plan<'_>, pods: &[Arc<Item<PodView>>], now: Timestamp) -> Result<(), Error> {
        let mut seen = Revision::default();
        let claimed = self.claim(plan, pods, &mut seen).await;
        let scaled = match claimed {
            Ok(()) => self.scale(plan, pods, &mut seen).await,
            Err(error) => Err(error),
        };
        let failure = scaled.as_ref().err().map(|error| Failure {
            reason: if plan.create > 0 { "FailedCreate" } else { "FailedDelete" },
            message: error.words(),
        });
        self.tell(plan, failure.as_ref(), now).await?;
        self.cluster.informer::<PodView>().reached(seen).await;
        scaled
    }

    async fn claim(&self, plan: &Plan<'_>, pods: &[Arc<Item<PodView>>], seen: &mut Revision) -> Result<(), Error> {
        if !plan.adopt.is_empty() && !self.is_alive().await? {
            return Ok(());
        }
        for pod in chosen(pods, &plan.adopt) {
            let written = objects::adopt(self.cluster, &kinds::POD, pod.key(), pod.uid(), &self.owner()).await?;
            *seen = written.revision().max(*seen);
        }
        for pod in chosen(pods, &plan.release) {
            let released = objects::release(self.cluster, &kinds::POD, pod.key(), pod.uid(), self.item.uid()).await;
            match released {
                Ok(written) => *seen = written.revision().max(*seen),
                // gone, or another pod of that name: nothing to release
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The cache may not know yet that this owner is being deleted; what it adopted then would be orphaned or lost.
    async fn is_alive(&self) -> Result<bool, Error> {
        let live: Option<Value> = objects::get(self.cluster, V::KIND, self.item.key()).await?;
        Ok(live.is_some_and(|live| {
            live["metadata"]["uid"] == self.item.uid() && live["metadata"]["deletionTimestamp"].is_null()
        }))
    }

    async fn scale(&self, plan: &Plan<'_>, pods: &[Arc<Item<PodView>>], seen: &mut Revision) -> Result<(), Error> {
        let mut left = plan.create;
        let mut batch = 1;
        // if the first is refused (a quota, a webhook), the other thousands are not tried
        while left > 0 {
            let size = left.min(batch);
            let created: Vec<_> = stream::iter(0..size).map(|_| self.create()).buffer_unordered(IN_FLIGHT).collect().await;
            settle(created, seen)?;
            left -= size;
            batch *= 2;
        }
        let deletions: Vec<_> = chosen(pods, &plan.delete).map(|pod| self.delete(pod)).collect();
        let deleted: Vec<_> = stream::iter(deletions).buffer_unordered(IN_FLIGHT).collect().await;
        settle(deleted, seen)
    }

    async fn create(&self) -> Result<Written, Error> {
        let pod = self.workload.pod(self.item.name(), self.owner());
        let created = objects::create(self.cluster, &kinds::POD, self.item.namespace(), &pod).await;
        if created.as_ref().is_err_and(Error::is_in_ending_namespace) {
            return Ok(Written::default());
        }
        match &created {
            Ok(pod) => self.note(EventType::Normal, "SuccessfulCreate", format!("Created pod: {}", pod.name())),
            Err(error) => self.note(EventType::Warning, "FailedCreate", format!("Error creating: {}", error.words())),
        }
        created
    }

    async fn delete(&self, pod: &Item<PodView>) -> Result<Written, Error> {
        let deleted = objects::delete(self.cluster, &kinds::POD, pod.key(), &objects::only(pod.uid())).await;
        match &deleted {
            Ok(_) => self.note(EventType::Normal, "SuccessfulDelete", format!("Deleted pod: {}", pod.name())),
            Err(error) => self.note(EventType::Warning, "FailedDelete", format!("Error deleting: {}", error.words())),
        }
        deleted
    }

    async fn tell(&self, plan: &Plan<'_>, failure: Option<&Failure>, now: Timestamp) -> Result<(), Error> {
        let old = &self.workload.status;
        let generation = self.item.metadata.generation;
        let counted = Status { terminating_replicas: V::COUNTS_TERMINATING.then_some(0), ..old.clone() };
        let new = counted.next(plan.counts, generation, failure, now);
        let value = |status: &Status| serde_json::to_value(status).expect("a status is plain data");
        let Some(change) = difference::between(&value(old), &value(&new)) else { return Ok(()) };
        let patch = json!({"metadata": {"uid": self.item.uid()}, "status": change});
        match objects::merge(self.cluster, V::KIND, self.item.key(), Part::Status, patch).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    fn owner(&self) -> OwnerReference {
        OwnerReference {
            api_version: V::KIND.hub().api_version(),
            kind: V::KIND.kind.into(),
            name: self.item.name().into(),
            uid: self.item.uid().into(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }

    fn note(&self, kind: EventType, reason: &str, message: String) {
        self.recorder.event(&self.item.reference(V::KIND), kind, reason, message);
    }
}

fn chosen<'a>(pods: &'a [Arc<Item<PodView>>], names: &'a [&str]) -> impl Iterator<Item = &'a Item<PodView>> {
    let key = |name: &&str| pods.iter().find(|pod| pod.name() == *name).map(|pod| &**pod);
    names.iter().filter_map(key)
}

/// Remembers the newest write; the first error, if there was one.
fn settle(results: Vec<Result<Written, Error>>, seen: &mut Revision) -> Result<(), Error> {
    let mut first = Ok(());
    for result in results {
        match result {
            Ok(written) => *seen = written.revision().max(*seen),
            Err(error) if first.is_ok() => first = Err(error),
            // each was told as an event
            Err(_) => {}
        }
    }
    first
}
