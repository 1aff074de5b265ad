//! Rows as in upstream's pkg/printers/internalversion/printers_test.go.

use serde_json::json;

use super::*;

fn pod(status: Value) -> Value {
    json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}, {"name": "j"}]},
        "status": status, "metadata": {}})
}

fn running() -> Value {
    json!({"ready": true, "restartCount": 1, "state": {"running": {}}})
}

#[test]
fn statuses() {
    for (status, ready, reason) in [
        (json!({"phase": "Pending"}), 0, "Pending"),
        (json!({"phase": "Failed", "reason": "Evicted"}), 0, "Evicted"),
        (json!({"phase": "Running", "containerStatuses": [running(), running()]}), 2, "Running"),
        (
            json!({"phase": "Running", "containerStatuses": [running(), {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
            1,
            "CrashLoopBackOff",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}, running()]}),
            1,
            "ExitCode:3",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [{"state": {"terminated": {"signal": 9}}}, running()]}),
            1,
            "Signal:9",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}, running()]}),
            1,
            "NotReady",
        ),
        (
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}, running()]}),
            1,
            "Running",
        ),
        (json!({"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}]}), 0, "Init:0/2"),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 0}}}, {"state": {"waiting": {"reason": "PodInitializing"}}}]}),
            0,
            "Init:1/2",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}),
            0,
            "Init:ImagePullBackOff",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}),
            0,
            "Init:Error",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 2}}}]}),
            0,
            "Init:ExitCode:2",
        ),
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
            0,
            "SchedulingGated",
        ),
    ] {
        let summary = Summary::of(&pod(status.clone()));
        assert_eq!((summary.ready, summary.reason.as_str(), summary.total), (ready, reason, 2), "{status}");
    }
}

#[test]
fn a_deleted_pod_terminates_unless_it_has_ended() {
    for (phase, reason) in [("Running", "Terminating"), ("Succeeded", "Succeeded")] {
        let mut pod = pod(json!({"phase": phase}));
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        assert_eq!(Summary::of(&pod).reason, reason);
    }
}

#[test]
fn sidecars_count_and_finished_init_containers_do_not() {
    let mut pod = pod(json!({"phase": "Running", "containerStatuses": [running(), running()], "initContainerStatuses": [
        {"name": "i", "restartCount": 5, "started": true, "ready": true, "state": {"running": {}}},
        {"name": "j", "restartCount": 7, "state": {"terminated": {"exitCode": 0}}},
    ]}));
    pod["spec"]["initContainers"][0]["restartPolicy"] = "Always".into();
    let summary = Summary::of(&pod);
    assert_eq!((summary.ready, summary.total, summary.restarts), (3, 3, 7));
}

#[test]
fn the_last_restart_is_told() {
    let ended = (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(5)).to_string();
    let mut status = running();
    status["lastState"] = json!({"terminated": {"finishedAt": ended}});
    let cell = restarts(&pod(json!({"phase": "Running", "containerStatuses": [status, running()]})));
    assert!(["2 (5s ago)", "2 (6s ago)"].contains(&cell.as_str().unwrap()), "{cell}");
}
