//! What a Deployment has to do about its ReplicaSets; pure.

use std::{collections::BTreeSet, time::Duration};

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet},
    jiff::Timestamp,
};

use super::{
    condition::{self, Verdict},
    history, new_set, revision, rollout,
    size::{self, Limits},
    status,
};

/// What the caches show.
pub(super) struct Observed<'a> {
    pub deployment: &'a Deployment,
    /// The ReplicaSets that are the Deployment's own, in any order.
    pub sets: &'a [ReplicaSet],
    /// The uids of controllers that still have pods which have not ended.
    pub occupied: &'a BTreeSet<String>,
    pub now: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    pub create: Option<ReplicaSet>,
    /// Changed ReplicaSets as they shall be.
    pub update: Vec<ReplicaSet>,
    /// Names of ReplicaSets that the history no longer needs.
    pub delete: Vec<String>,
    pub scalings: Vec<Scaling>,
    /// To be shown in the Deployment's annotations.
    pub revision: Option<i64>,
    pub status: DeploymentStatus,
    /// When the progress deadline is over.
    pub wake: Option<Duration>,
}

/// A change that users are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scaling {
    pub set: String,
    pub from: i32,
    pub to: i32,
}

/// The state of a plan in the making.
pub(super) struct Draft<'a> {
    pub deployment: &'a Deployment,
    /// Oldest first, as they shall be.
    pub sets: Vec<ReplicaSet>,
    /// The index of the one that has the Deployment's template.
    pub new: Option<usize>,
    /// Whether `new` does not exist yet.
    pub created: bool,
    pub conditions: Vec<DeploymentCondition>,
    pub scalings: Vec<Scaling>,
    pub revision: Option<i64>,
    pub now: Timestamp,
}

pub(super) fn plan(observed: &Observed<'_>) -> Plan {
    let deployment = observed.deployment;
    let mut draft = Draft::new(observed);
    let mut delete = Vec::new();
    if deployment.metadata.deletion_timestamp.is_none() {
        draft.note_pause();
        let paused = size::spec(deployment).paused.unwrap_or(false);
        // Recreate needs no proportions: it sizes the one ReplicaSet it lets live anyway
        if paused || (draft.was_scaled() && !size::recreates(deployment)) {
            draft.recognize_new();
            rollout::scale(&mut draft);
            if paused {
                delete = history::surplus(&draft);
            }
        } else if size::recreates(deployment) {
            rollout::recreate(&mut draft, observed.occupied);
        } else {
            rollout::roll(&mut draft);
        }
    }
    let sets = status::Sets { new: draft.new.map(|index| &draft.sets[index]), all: &draft.sets };
    let status = status::next(deployment, &sets, draft.conditions.clone(), observed.now);
    if status::complete(deployment, &status) && deployment.metadata.deletion_timestamp.is_none() {
        delete = history::surplus(&draft);
    }
    let wake = status::left(deployment, status.conditions.as_deref().unwrap_or_default(), observed.now);
    draft.finish(observed, delete, status, wake)
}

impl<'a> Draft<'a> {
    fn new(observed: &Observed<'a>) -> Self {
        let mut sets = observed.sets.to_vec();
        sets.sort_by_cached_key(|set| (set.metadata.creation_timestamp.clone(), set.metadata.name.clone()));
        let template = &size::spec(observed.deployment).template;
        let status = observed.deployment.status.as_ref();
        Self {
            deployment: observed.deployment,
            new: sets.iter().position(|set| new_set::has_template(set, template)),
            sets,
            created: false,
            conditions: status.and_then(|status| status.conditions.clone()).unwrap_or_default(),
            scalings: Vec::new(),
            revision: None,
            now: observed.now,
        }
    }

    /// Sets that are not the new one; oldest first.
    pub(super) fn old(&self) -> impl Iterator<Item = usize> + use<> {
        let new = self.new;
        (0..self.sets.len()).filter(move |index| Some(*index) != new)
    }

    pub(super) fn resize(&mut self, index: usize, to: i32) {
        let set = &mut self.sets[index];
        let from = size::size(set);
        if from == to {
            return;
        }
        let limits = Limits::of(self.deployment);
        size::resize(set, to);
        revision::note_sizes(set, limits.replicas, limits.most());
        self.scalings.push(Scaling { set: set.metadata.name.clone().unwrap_or_default(), from, to });
    }

    /// Keeps the annotations of the new ReplicaSet, if there is one, and the revision shown in step.
    pub(super) fn recognize_new(&mut self) {
        let Some(index) = self.new else { return };
        let revision = self.next_revision();
        let set = &mut self.sets[index];
        revision::annotate(set, self.deployment, revision);
        if let Some(spec) = &mut set.spec {
            let seconds = size::spec(self.deployment).min_ready_seconds.filter(|seconds| *seconds > 0);
            if spec.min_ready_seconds.filter(|seconds| *seconds > 0) != seconds {
                spec.min_ready_seconds = Some(seconds.unwrap_or(0));
            }
        }
        self.revision = Some(revision::of(&self.sets[index]));
        if condition::find(&self.conditions, condition::PROGRESSING).is_none() {
            let name = self.sets[index].metadata.name.clone().unwrap_or_default();
            self.say("True", "FoundNewReplicaSet", format!("Found new replica set {name:?}"));
        }
    }

    /// The same, and makes the new ReplicaSet if there is none.
    pub(super) fn ensure_new(&mut self) {
        if self.new.is_some() {
            return self.recognize_new();
        }
        let all: i32 = self.sets.iter().map(size::footprint).sum();
        let replicas = size::new_size(self.deployment, 0, all);
        let revision = self.next_revision();
        let set = new_set::build(self.deployment, replicas, revision);
        let name = set.metadata.name.clone().unwrap_or_default();
        if replicas > 0 {
            self.scalings.push(Scaling { set: name.clone(), from: 0, to: replicas });
        }
        self.sets.push(set);
        self.new = Some(self.sets.len() - 1);
        self.created = true;
        self.revision = Some(revision);
        self.say("True", "NewReplicaSetCreated", format!("Created new replica set {name:?}"));
    }

    fn next_revision(&self) -> i64 {
        self.old().map(|index| revision::of(&self.sets[index])).max().unwrap_or(0) + 1
    }

    fn say(&mut self, status: &'static str, reason: &str, message: String) {
        let verdict = Verdict { kind: condition::PROGRESSING, status, reason: reason.into(), message };
        condition::set(&mut self.conditions, verdict, self.now);
    }

    fn note_pause(&mut self) {
        let progressing = condition::find(&self.conditions, condition::PROGRESSING);
        let is = |reason: &str| progressing.is_some_and(|c| c.reason.as_deref() == Some(reason));
        let spec = size::spec(self.deployment);
        if spec.progress_deadline_seconds.is_none() || is(condition::TIMED_OUT) {
            return;
        }
        match (spec.paused.unwrap_or(false), is(condition::PAUSED)) {
            (true, false) => self.say("Unknown", condition::PAUSED, "Deployment is paused".into()),
            (false, true) => self.say("Unknown", "DeploymentResumed", "Deployment is resumed".into()),
            _ => {}
        }
    }

    /// Whether `spec.replicas` changed since an active ReplicaSet was last sized.
    fn was_scaled(&self) -> bool {
        let wanted = i64::from(size::wanted(self.deployment));
        self.sets
            .iter()
            .filter(|set| size::size(set) > 0)
            .any(|set| revision::number(set, revision::DESIRED_REPLICAS).is_some_and(|desired| desired != wanted))
    }

    fn finish(
        mut self,
        observed: &Observed<'_>,
        delete: Vec<String>,
        status: DeploymentStatus,
        wake: Option<Duration>,
    ) -> Plan {
        let create = self.new.filter(|_| self.created).map(|index| self.sets.remove(index));
        let before = |set: &ReplicaSet| observed.sets.iter().find(|old| old.metadata.uid == set.metadata.uid);
        self.sets.retain(|set| before(set) != Some(set));
        let revision = self.revision.filter(|revision| revision::shown(self.deployment) != Some(*revision));
        Plan { create, update: self.sets, delete, scalings: self.scalings, revision, status, wake }
    }
}

#[cfg(test)]
mod tests;
