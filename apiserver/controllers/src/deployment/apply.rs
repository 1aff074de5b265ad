//! Does what the plan says: ReplicaSets first, then the revision shown, the status last.

use api::{Key, Revision, kinds};
use client::{
    Cluster, EventType, Item, Recorder,
    views::{DeploymentView, ReplicaSetView},
};
use k8s_openapi::api::apps::v1::{DeploymentStatus, ReplicaSet};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    condition::{self, Verdict},
    new_set,
    plan::{Observed, Plan, Scaling},
    revision, size,
};
use crate::{
    difference,
    error::Error,
    objects::{self, Part},
};

/// One Deployment being reconciled.
pub(super) struct Work<'a> {
    pub cluster: &'a Cluster,
    pub item: &'a Item<DeploymentView>,
    pub recorder: &'a Recorder,
    pub observed: Observed<'a>,
}

/// What became of the ReplicaSet that was to be created.
enum Created {
    Yes(Revision),
    /// Its name is another template's: the next try has another hash.
    Collision,
}

impl Work<'_> {
    /// Resolves when the caches show what was written here: the next plan begins where this one ended.
    pub(super) async fn apply(&self, mut plan: Plan) -> Result<(), Error> {
        let mut seen = Revision::default();
        let mut failure = None;
        if let Some(set) = &plan.create {
            match self.create(set).await {
                Ok(Created::Yes(revision)) => seen = revision,
                Ok(Created::Collision) => {
                    let collisions = plan.status.collision_count.unwrap_or(0) + 1;
                    plan.status = DeploymentStatus {
                        collision_count: Some(collisions),
                        ..self.observed.deployment.status.clone().unwrap_or_default()
                    };
                    return self.tell(&plan.status).await;
                }
                Err(error) if error.is_in_ending_namespace() => return Ok(()),
                Err(error) => {
                    self.failed(set, &error, &mut plan.status);
                    plan.scalings.clear();
                    failure = Some(error);
                }
            }
        }
        for set in &plan.update {
            seen = self.update(set).await?.max(seen);
        }
        plan.scalings.iter().for_each(|scaling| self.note(scaling));
        for name in &plan.delete {
            let key = Key::new(self.item.namespace(), name);
            let params = kube::api::DeleteParams::background();
            seen = objects::delete(self.cluster, &kinds::REPLICA_SET, &key, &params).await?.revision().max(seen);
        }
        if let Some(number) = plan.revision.filter(|_| failure.is_none()) {
            self.show(number).await?;
        }
        self.tell(&plan.status).await?;
        self.cluster.informer::<ReplicaSetView>().reached(seen).await;
        failure.map_or(Ok(()), Err)
    }

    async fn create(&self, set: &ReplicaSet) -> Result<Created, Error> {
        match objects::create(self.cluster, &kinds::REPLICA_SET, self.item.namespace(), set).await {
            Ok(written) => Ok(Created::Yes(written.revision())),
            Err(error) if error.already_exists() => self.recognize(set, error).await,
            Err(error) => Err(error),
        }
    }

    /// The name is taken: by our own earlier write that the cache does not show yet, or by another template.
    async fn recognize(&self, set: &ReplicaSet, error: Error) -> Result<Created, Error> {
        let key = Key::new(self.item.namespace(), set.metadata.name.as_deref().unwrap_or_default());
        let Some(there) = objects::get::<ReplicaSet>(self.cluster, &kinds::REPLICA_SET, &key).await? else {
            return Err(error);
        };
        let owners = there.metadata.owner_references.iter().flatten();
        let ours = owners.clone().any(|owner| owner.controller == Some(true) && owner.uid == self.item.uid());
        if ours && new_set::has_template(&there, &size::spec(self.observed.deployment).template) {
            let number = there.metadata.resource_version.as_deref().and_then(|number| number.parse().ok());
            return Ok(Created::Yes(Revision(number.unwrap_or(0))));
        }
        Ok(Created::Collision)
    }

    async fn update(&self, set: &ReplicaSet) -> Result<Revision, Error> {
        let old = self.observed.sets.iter().find(|old| old.metadata.uid == set.metadata.uid);
        let Some(mut patch) = difference::between(&value(&old), &value(set)) else { return Ok(Revision::default()) };
        // somebody else's change in between makes this a conflict, and the plan is made again
        patch["metadata"]["resourceVersion"] = value(&set.metadata.resource_version);
        let key = Key::new(self.item.namespace(), set.metadata.name.as_deref().unwrap_or_default());
        let written = objects::merge(self.cluster, &kinds::REPLICA_SET, &key, Part::Whole, patch).await?;
        Ok(written.revision())
    }

    async fn show(&self, number: i64) -> Result<(), Error> {
        let annotations = json!({revision::REVISION: number.to_string()});
        let patch = json!({"metadata": {"uid": self.item.uid(), "annotations": annotations}});
        let written = objects::merge(self.cluster, &kinds::DEPLOYMENT, self.item.key(), Part::Whole, patch).await?;
        self.cluster.informer::<DeploymentView>().reached(written.revision()).await;
        Ok(())
    }

    async fn tell(&self, status: &DeploymentStatus) -> Result<(), Error> {
        let old = value(&self.observed.deployment.status);
        let old = if old.is_null() { json!({}) } else { old };
        let Some(change) = difference::between(&old, &value(status)) else { return Ok(()) };
        let patch = json!({"metadata": {"uid": self.item.uid()}, "status": change});
        match objects::merge(self.cluster, &kinds::DEPLOYMENT, self.item.key(), Part::Status, patch).await {
            Ok(written) => {
                // or the next plan would take its own progress for news
                self.cluster.informer::<DeploymentView>().reached(written.revision()).await;
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn failed(&self, set: &ReplicaSet, error: &Error, status: &mut DeploymentStatus) {
        let name = set.metadata.name.as_deref().unwrap_or_default();
        let message = format!("Failed to create new replica set {name:?}: {}", error.words());
        self.recorder.event(
            &self.item.reference(&kinds::DEPLOYMENT),
            EventType::Warning,
            "ReplicaSetCreateError",
            message.clone(),
        );
        let verdict =
            Verdict { kind: condition::PROGRESSING, status: "False", reason: "ReplicaSetCreateError".into(), message };
        condition::set(status.conditions.get_or_insert_default(), verdict, self.observed.now);
    }

    fn note(&self, scaling: &Scaling) {
        let Scaling { set, from, to } = scaling;
        let way = if to > from { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {set} from {from} to {to}");
        self.recorder.event(&self.item.reference(&kinds::DEPLOYMENT), EventType::Normal, "ScalingReplicaSet", message);
    }
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("an object is plain data")
}
