//! The status of a ReplicaSet or ReplicationController, which differ in nothing but the type's name.

use k8s_openapi::{api::apps::v1::ReplicaSetCondition, apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde::{Deserialize, Serialize};

use super::plan::Counts;

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// Field names are the wire's. Absent counts are zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub fully_labeled_replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub ready_replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub available_replicas: i32,
    /// ReplicationControllers have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminating_replicas: Option<i32>,
    pub observed_generation: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ReplicaSetCondition>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &i32) -> bool {
    *count == 0
}

/// Why the number of pods could not be reached.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// `FailedCreate` or `FailedDelete`.
    pub reason: &'static str,
    pub message: String,
}

impl Status {
    /// The status after a reconcile that observed `counts` of the spec's `generation`.
    pub(super) fn next(&self, counts: Counts, generation: i64, failure: Option<&Failure>, now: Timestamp) -> Self {
        let mut conditions = self.conditions.clone();
        match failure {
            None => conditions.retain(|condition| condition.type_ != REPLICA_FAILURE),
            // the first failure stays, else every retry would be a write
            Some(_) if conditions.iter().any(|condition| condition.type_ == REPLICA_FAILURE) => {}
            Some(failure) => conditions.push(ReplicaSetCondition {
                type_: REPLICA_FAILURE.into(),
                status: "True".into(),
                reason: Some(failure.reason.into()),
                message: Some(failure.message.clone()),
                last_transition_time: Some(Time(now)),
            }),
        }
        Self {
            replicas: counts.replicas,
            fully_labeled_replicas: counts.fully_labeled,
            ready_replicas: counts.ready,
            available_replicas: counts.available,
            terminating_replicas: self.terminating_replicas.map(|_| counts.terminating),
            observed_generation: generation,
            conditions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn a_failure_is_told_once_and_forgotten_when_it_is_over() {
        let quota = Failure { reason: "FailedCreate", message: "exceeded quota".into() };
        let other = Failure { reason: "FailedDelete", message: "later".into() };
        let failed = Status::default().next(Counts::default(), 1, Some(&quota), now());
        assert_eq!(failed.conditions[0].message.as_deref(), Some("exceeded quota"));
        assert_eq!(failed.next(Counts::default(), 1, Some(&other), now()), failed);
        assert!(failed.next(Counts::default(), 1, None, now()).conditions.is_empty());
    }

    #[test]
    fn what_is_terminating_is_told_only_where_the_type_has_the_field() {
        let counts = Counts { terminating: 2, ..Counts::default() };
        assert_eq!(Status::default().next(counts, 1, None, now()).terminating_replicas, None);
        let set = Status { terminating_replicas: Some(0), ..Status::default() };
        assert_eq!(set.next(counts, 1, None, now()).terminating_replicas, Some(2));
    }
}
