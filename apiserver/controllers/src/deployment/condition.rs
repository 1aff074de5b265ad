//! The conditions of a Deployment.

use k8s_openapi::{
    api::apps::v1::{DeploymentCondition, ReplicaSet},
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};

pub(super) const PROGRESSING: &str = "Progressing";
pub(super) const AVAILABLE: &str = "Available";
pub(super) const REPLICA_FAILURE: &str = "ReplicaFailure";

pub(super) const NEW_REPLICA_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
pub(super) const TIMED_OUT: &str = "ProgressDeadlineExceeded";
pub(super) const PAUSED: &str = "DeploymentPaused";

/// What a condition says, without its times.
pub(super) struct Verdict {
    pub kind: &'static str,
    pub status: &'static str,
    pub reason: String,
    pub message: String,
}

pub(super) fn find<'a>(conditions: &'a [DeploymentCondition], kind: &str) -> Option<&'a DeploymentCondition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

pub(super) fn remove(conditions: &mut Vec<DeploymentCondition>, kind: &str) {
    conditions.retain(|condition| condition.type_ != kind);
}

/// Writes the verdict unless the same status and reason stand already; the transition's time moves with the status only.
pub(super) fn set(conditions: &mut Vec<DeploymentCondition>, verdict: Verdict, now: Timestamp) {
    let before = find(conditions, verdict.kind);
    if before.is_some_and(|old| old.status == verdict.status && old.reason.as_deref() == Some(&verdict.reason)) {
        return;
    }
    let since = before.filter(|old| old.status == verdict.status).and_then(|old| old.last_transition_time.clone());
    let condition = DeploymentCondition {
        type_: verdict.kind.into(),
        status: verdict.status.into(),
        reason: Some(verdict.reason),
        message: Some(verdict.message),
        last_transition_time: Some(since.unwrap_or(Time(now))),
        last_update_time: Some(Time(now)),
    };
    remove(conditions, verdict.kind);
    conditions.push(condition);
}

/// The same, also when only the time of the update is news: progress was made, and the deadline starts over.
pub(super) fn renew(conditions: &mut Vec<DeploymentCondition>, verdict: Verdict, now: Timestamp) {
    if let Some(old) = conditions.iter_mut().find(|c| c.type_ == verdict.kind && c.status == verdict.status) {
        old.reason = Some(verdict.reason);
        old.message = Some(verdict.message);
        old.last_update_time = Some(Time(now));
        return;
    }
    set(conditions, verdict, now);
}

/// A ReplicaSet's `ReplicaFailure`, as the Deployment's own; the new ReplicaSet's goes first.
pub(super) fn replica_failure(new: Option<&ReplicaSet>, all: &[ReplicaSet]) -> Option<DeploymentCondition> {
    new.into_iter().chain(all).find_map(|set| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        let failure = conditions.iter().find(|condition| condition.type_ == REPLICA_FAILURE)?;
        Some(DeploymentCondition {
            type_: REPLICA_FAILURE.into(),
            status: failure.status.clone(),
            reason: failure.reason.clone(),
            message: failure.message.clone(),
            last_transition_time: failure.last_transition_time.clone(),
            last_update_time: failure.last_transition_time.clone(),
        })
    })
}
