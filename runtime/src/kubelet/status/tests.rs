//! Examples and laws of the status.

use std::net::Ipv4Addr;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn pod(policy: &str) -> Pod {
    serde_json::from_value(json!({
        "metadata": { "name": "p", "namespace": "default", "uid": "u", "generation": 2 },
        "spec": { "restartPolicy": policy, "containers": [{ "name": "a", "image": "x" }, { "name": "b", "image": "y" }] }
    }))
    .unwrap()
}

fn up(pod: &Pod) -> PodState {
    let mut state =
        PodState { volumes: Volumes::Ready, ip: Some(Ipv4Addr::new(10, 128, 0, 2)), ..PodState::resume(pod, at(0)) };
    for container in &mut state.main {
        container.run = Run::Running { since: at(0), started: true, ready: true };
    }
    state
}

fn status(pod: &Pod, state: &mut PodState, now: Timestamp) -> PodStatus {
    of(pod, state, IpAddr::from([127, 0, 0, 1]), now)
}

fn condition<'s>(status: &'s PodStatus, name: &str) -> &'s PodCondition {
    status.conditions.as_ref().unwrap().iter().find(|condition| condition.type_ == name).unwrap()
}

fn ended(code: i32) -> Run {
    let (reason, message, container_id) = (String::new(), String::new(), String::new());
    Run::Ended(Box::new(Ended { code, reason, message, started: None, finished: at(1), container_id }))
}

#[test]
fn a_pod_is_ready_when_all_its_containers_are() {
    let pod = pod("Always");
    let mut state = up(&pod);
    let before = status(&pod, &mut state, at(5));
    assert_eq!(before.phase.as_deref(), Some("Running"));
    assert!(CONDITIONS.iter().all(|name| condition(&before, name).status == "True"));
    assert_eq!(condition(&before, "Ready").observed_generation, Some(2));

    state.main[1].run = Run::Running { since: at(0), started: true, ready: false };
    let after = status(&pod, &mut state, at(9));
    let ready = condition(&after, "Ready");
    assert_eq!(ready.reason.as_deref(), Some("ContainersNotReady"));
    assert_eq!(ready.message.as_deref(), Some("containers with unready status: [b]"));
    assert_eq!(ready.last_transition_time, Some(Time(at(9))));
    assert_eq!(condition(&after, "PodScheduled").last_transition_time, Some(Time(at(5))));
}

#[test]
fn phases_are_upstreams() {
    for (policy, runs, expected) in [
        ("Always", [ended(1), ended(0)], "Running"),
        ("OnFailure", [ended(0), ended(0)], "Succeeded"),
        ("OnFailure", [ended(1), ended(0)], "Running"),
        ("Never", [ended(1), ended(0)], "Failed"),
        ("Never", [ended(0), Run::Starting], "Pending"),
    ] {
        let pod = pod(policy);
        let mut state = up(&pod);
        state.main.iter_mut().zip(runs).for_each(|(container, run)| container.run = run);
        assert_eq!(phase(&pod, &state), expected, "{policy}");
    }
}

#[test]
fn a_crash_loop_shows_the_last_end_and_stays_running() {
    let pod = pod("Always");
    let mut state = up(&pod);
    let Run::Ended(last) = ended(7) else { unreachable!() };
    state.main[0].last = Some(last);
    state.main[0].run = Run::Waiting { reason: "CrashLoopBackOff", message: "back-off".into(), retry: Some(at(10)) };
    let status = status(&pod, &mut state, at(2));
    assert_eq!(status.phase.as_deref(), Some("Running"));
    let first = &status.container_statuses.as_ref().unwrap()[0];
    let reason = first.state.as_ref().and_then(|s| s.waiting.as_ref()).and_then(|w| w.reason.as_deref());
    assert_eq!(reason, Some("CrashLoopBackOff"));
    assert_eq!(first.last_state.as_ref().and_then(|s| s.terminated.as_ref()).map(|t| t.exit_code), Some(7));
}

#[test]
fn the_patch_takes_away_what_is_no_longer_so() {
    let pod = pod("Always");
    let patch = patch("u", &status(&pod, &mut up(&pod), at(1)));
    assert_eq!(patch["metadata"]["uid"], "u");
    assert_eq!(patch["status"]["reason"], Value::Null);
    assert!(patch["status"]["conditions"][2].as_object().unwrap().contains_key("message"));
    assert!(patch["status"].get("qosClass").is_none());
}

#[test]
fn a_new_address_takes_the_place_of_the_old_one_and_conditions_of_others_stay() {
    let pod = pod("Always");
    let mut state = up(&pod);
    let mut written = serde_json::to_value(&pod).unwrap();
    written["status"] = json!({
        "podIPs": [{ "ip": "10.128.0.9" }], "reason": "Old", "qosClass": "BestEffort",
        "conditions": [{ "type": "example.com/gate", "status": "True" }, { "type": "Ready", "status": "False", "message": "old" }]
    });
    let schema = api::schema::find_kind("", "v1", "Pod").unwrap();
    let patch = patch("u", &status(&pod, &mut state, at(1)));
    let new = api::patch::strategic(schema, &written, &patch).unwrap();
    assert_eq!(new["status"]["podIPs"], json!([{ "ip": "10.128.0.2" }]));
    assert_eq!(new["status"]["qosClass"], "BestEffort");
    assert!(new["status"].get("reason").is_none());
    let new: Pod = serde_json::from_value(new).unwrap();
    let all = new.status.unwrap().conditions.unwrap();
    let find = |name: &str| all.iter().find(|condition| condition.type_ == name).unwrap();
    assert_eq!(find("example.com/gate").status, "True");
    assert_eq!((find("Ready").status.as_str(), &find("Ready").message), ("True", &None));
}

#[test]
fn a_written_status_is_taken_up_again() {
    let mut pod = pod("Always");
    let mut state = up(&pod);
    state.main[0].restarts = 4;
    let mut written = status(&pod, &mut state, at(3));
    pod.status = Some(written.clone());
    let resumed = PodState::resume(&pod, at(60));
    assert_eq!(resumed.main[0].restarts, 4);
    assert!(matches!(&resumed.main[0].run, Run::Ended(ended) if ended.code == 255));
    assert_eq!(resumed.transitions, state.transitions);
    written.container_statuses = None;
    pod.status = Some(written);
    assert_eq!(PodState::resume(&pod, at(60)).main[0], ContainerState::new());
}
