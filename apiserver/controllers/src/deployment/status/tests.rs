//! When a roll-out is said to move, to be done, to have failed.

use k8s_openapi::api::apps::v1::DeploymentSpec;

use super::*;

fn deployment(replicas: i32, deadline: i32) -> Deployment {
    let spec =
        DeploymentSpec { replicas: Some(replicas), progress_deadline_seconds: Some(deadline), ..DeploymentSpec::default() };
    let mut deployment = Deployment { spec: Some(spec), ..Deployment::default() };
    deployment.metadata.name = Some("app".into());
    deployment
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn started(conditions: &mut Vec<DeploymentCondition>) {
    let verdict = Verdict {
        kind: condition::PROGRESSING,
        status: "True",
        reason: "NewReplicaSetCreated".into(),
        message: String::new(),
    };
    condition::set(conditions, verdict, at(0));
}

#[test]
fn without_progress_the_deadline_passes_in_upstreams_words() {
    let deployment = deployment(2, 60);
    let mut conditions = Vec::new();
    started(&mut conditions);
    assert_eq!(left(&deployment, &conditions, at(20)), Some(Duration::from_secs(40)));
    let status = next(&deployment, &Sets { new: None, all: &[] }, conditions, at(60));
    let conditions = status.conditions.unwrap();
    let progressing = condition::find(&conditions, condition::PROGRESSING).unwrap();
    assert_eq!(progressing.reason.as_deref(), Some("ProgressDeadlineExceeded"));
    assert_eq!(progressing.message.as_deref(), Some("Deployment \"app\" has timed out progressing."));
    assert_eq!(left(&deployment, &conditions, at(70)), None);
}

#[test]
fn the_largest_deadline_means_never() {
    let deployment = deployment(2, i32::MAX);
    let mut conditions = Vec::new();
    started(&mut conditions);
    assert_eq!(left(&deployment, &conditions, at(20)), None);
    let status = next(&deployment, &Sets { new: None, all: &[] }, conditions, at(60));
    assert!(condition::find(&status.conditions.unwrap(), condition::PROGRESSING).is_none());
}

#[test]
fn zeroes_are_left_out_as_upstream_does() {
    let status = next(&deployment(0, 60), &Sets { new: None, all: &[] }, Vec::new(), at(0));
    assert_eq!((status.replicas, status.unavailable_replicas, status.available_replicas), (None, None, None));
}
