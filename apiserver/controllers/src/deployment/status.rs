//! The status of a Deployment: counts, availability, and whether the roll-out moves.

use std::time::Duration;

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet},
    jiff::Timestamp,
};

use super::{
    condition::{self, Verdict},
    size::{self, Limits},
};

/// What the status is made from: the ReplicaSets as they are after this reconcile.
pub(super) struct Sets<'a> {
    pub new: Option<&'a ReplicaSet>,
    /// The new one included.
    pub all: &'a [ReplicaSet],
}

/// The next status. `conditions` are the ones so far, with what this reconcile already had to say.
pub(super) fn next(
    deployment: &Deployment,
    sets: &Sets<'_>,
    conditions: Vec<DeploymentCondition>,
    now: Timestamp,
) -> DeploymentStatus {
    let mut status = counts(deployment, sets);
    let mut conditions = conditions;
    condition::set(&mut conditions, availability(deployment, &status), now);
    if deadline(deployment).is_none() {
        condition::remove(&mut conditions, condition::PROGRESSING);
    } else if !size::spec(deployment).paused.unwrap_or(false) {
        progress(&mut conditions, deployment, sets, &status, now);
    }
    condition::remove(&mut conditions, condition::REPLICA_FAILURE);
    conditions.extend(condition::replica_failure(sets.new, sets.all));
    status.conditions = Some(conditions);
    status
}

fn counts(deployment: &Deployment, sets: &Sets<'_>) -> DeploymentStatus {
    let sum = |field: fn(&k8s_openapi::api::apps::v1::ReplicaSetStatus) -> Option<i32>| -> i32 {
        sets.all.iter().filter_map(|set| field(set.status.as_ref()?)).sum()
    };
    let some = |count: i32| (count > 0).then_some(count);
    let available = sum(|status| status.available_replicas);
    let wanted: i32 = sets.all.iter().map(size::size).sum();
    let updated = sets.new.and_then(|set| set.status.as_ref()).map_or(0, |status| status.replicas);
    DeploymentStatus {
        available_replicas: some(available),
        collision_count: deployment.status.as_ref().and_then(|status| status.collision_count),
        conditions: None,
        observed_generation: deployment.metadata.generation,
        ready_replicas: some(sum(|status| status.ready_replicas)),
        replicas: some(sum(|status| Some(status.replicas))),
        terminating_replicas: Some(sum(|status| status.terminating_replicas)),
        unavailable_replicas: some(wanted - available),
        updated_replicas: some(updated),
    }
}

fn availability(deployment: &Deployment, status: &DeploymentStatus) -> Verdict {
    let (status, reason, message) = if status.available_replicas.unwrap_or(0) >= Limits::of(deployment).least() {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    Verdict { kind: condition::AVAILABLE, status, reason: reason.into(), message: message.into() }
}

fn progress(
    conditions: &mut Vec<DeploymentCondition>,
    deployment: &Deployment,
    sets: &Sets<'_>,
    status: &DeploymentStatus,
    now: Timestamp,
) {
    let reason = |reason: &str| {
        condition::find(conditions, condition::PROGRESSING).is_some_and(|c| c.reason.as_deref() == Some(reason))
    };
    let settled = status.replicas == status.updated_replicas && reason(condition::NEW_REPLICA_SET_AVAILABLE);
    if settled {
        return;
    }
    let subject = match sets.new.and_then(|set| set.metadata.name.as_deref()) {
        Some(name) => format!("ReplicaSet {name:?}"),
        None => format!("Deployment {:?}", deployment.metadata.name.as_deref().unwrap_or_default()),
    };
    let verdict = |status, reason: &str, what: &str| Verdict {
        kind: condition::PROGRESSING,
        status,
        reason: reason.into(),
        message: format!("{subject} {what}"),
    };
    if complete(deployment, status) {
        let done = verdict("True", condition::NEW_REPLICA_SET_AVAILABLE, "has successfully progressed.");
        condition::set(conditions, done, now);
    } else if progressed(deployment.status.as_ref(), status) {
        condition::renew(conditions, verdict("True", "ReplicaSetUpdated", "is progressing."), now);
    } else if left(deployment, conditions, now) == Some(Duration::ZERO) {
        condition::set(conditions, verdict("False", condition::TIMED_OUT, "has timed out progressing."), now);
    }
}

/// Every pod is of the new template and available.
pub(super) fn complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = size::wanted(deployment);
    let all = |count: Option<i32>| count.unwrap_or(0) == wanted;
    all(status.updated_replicas)
        && all(status.replicas)
        && all(status.available_replicas)
        && status.observed_generation >= deployment.metadata.generation
}

fn progressed(old: Option<&DeploymentStatus>, new: &DeploymentStatus) -> bool {
    let empty = DeploymentStatus::default();
    let old = old.unwrap_or(&empty);
    let grew = |field: fn(&DeploymentStatus) -> Option<i32>| field(new).unwrap_or(0) > field(old).unwrap_or(0);
    let outdated = |status: &DeploymentStatus| status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0);
    grew(|status| status.updated_replicas)
        || grew(|status| status.ready_replicas)
        || grew(|status| status.available_replicas)
        || outdated(new) < outdated(old)
}

fn deadline(deployment: &Deployment) -> Option<Duration> {
    // the largest number is how a user says "never"
    let seconds = size::spec(deployment).progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX)?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// How long until a roll-out that makes no progress is said to have failed; `None` when nothing is waited for.
pub(super) fn left(deployment: &Deployment, conditions: &[DeploymentCondition], now: Timestamp) -> Option<Duration> {
    let deadline = deadline(deployment)?;
    let progressing = condition::find(conditions, condition::PROGRESSING)?;
    if size::spec(deployment).paused.unwrap_or(false)
        || progressing.reason.as_deref().is_some_and(|reason| {
            [condition::NEW_REPLICA_SET_AVAILABLE, condition::TIMED_OUT, condition::PAUSED].contains(&reason)
        })
    {
        return None;
    }
    let since = progressing.last_update_time.as_ref()?.0;
    let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    Some(deadline.saturating_sub(waited))
}

#[cfg(test)]
mod tests;
