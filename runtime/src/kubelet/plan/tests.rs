//! Examples and laws of the plan.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::kubelet::state::Ended;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn pod(spec: Value) -> Pod {
    serde_json::from_value(json!({ "metadata": { "name": "p", "namespace": "default" }, "spec": spec })).unwrap()
}

fn ready(pod: &Pod) -> PodState {
    PodState { volumes: Volumes::Ready, ..PodState::resume(pod, now()) }
}

fn ended(code: i32, finished: Timestamp) -> Run {
    let started = Some(finished);
    let (reason, message, container_id) = (String::new(), String::new(), String::new());
    Run::Ended(Box::new(Ended { code, reason, message, started, finished, container_id }))
}

fn running() -> Run {
    Run::Running { since: now(), started: true, ready: true }
}

#[test]
fn volumes_come_before_containers() {
    let pod = pod(json!({ "containers": [{ "name": "a" }] }));
    let state = PodState::resume(&pod, now());
    assert_eq!(plan(&pod, &state, now()).steps, [Step::SetUpVolumes]);
    assert_eq!(plan(&pod, &ready(&pod), now()).steps, [Step::Start(Which::Main(0))]);
}

#[test]
fn init_containers_run_in_order_and_sidecars_stay() {
    let pod = pod(json!({
        "initContainers": [{ "name": "i" }, { "name": "s", "restartPolicy": "Always" }, { "name": "j" }],
        "containers": [{ "name": "a" }, { "name": "b" }]
    }));
    let mut state = ready(&pod);
    let next = |state: &mut PodState, which: Which, run: Run, steps: &[Step]| {
        state.get_mut(which).run = run;
        assert_eq!(plan(&pod, state, now()).steps, steps);
    };
    assert_eq!(plan(&pod, &state, now()).steps, [Step::Start(Which::Init(0))]);
    next(&mut state, Which::Init(0), running(), &[]);
    next(&mut state, Which::Init(0), ended(0, now()), &[Step::Start(Which::Init(1))]);
    let starting = Run::Running { since: now(), started: false, ready: false };
    next(&mut state, Which::Init(1), starting, &[]);
    next(&mut state, Which::Init(1), running(), &[Step::Start(Which::Init(2))]);
    let both = [Step::Start(Which::Main(0)), Step::Start(Which::Main(1))];
    next(&mut state, Which::Init(2), ended(0, now()), &both);
    next(&mut state, Which::Main(0), running(), &both[1..]);
    next(&mut state, Which::Main(1), running(), &[]);
    next(&mut state, Which::Init(1), ended(0, now()), &[Step::Start(Which::Init(1))]);
}

#[test]
fn a_second_crash_waits() {
    let pod = pod(json!({ "containers": [{ "name": "a" }] }));
    let mut state = ready(&pod);
    state.main[0].run = ended(1, now());
    assert_eq!(plan(&pod, &state, now()).steps, [Step::Start(Which::Main(0))]);
    state.main[0].backoff.tried(now());
    let until = now() + SignedDuration::from_secs(10);
    let expected = Plan { steps: vec![Step::BackOff(Which::Main(0), until)], wake: Some(until) };
    assert_eq!(plan(&pod, &state, now()), expected);
    state.main[0].run = Run::Waiting { reason: "CrashLoopBackOff", message: String::new(), retry: Some(until) };
    assert_eq!(plan(&pod, &state, now()), Plan { steps: vec![], wake: Some(until) });
    assert_eq!(plan(&pod, &state, until).steps, [Step::Start(Which::Main(0))]);
}

#[test]
fn restart_policies_decide_what_is_over() {
    for (policy, code, over_then) in
        [("Always", 0, false), ("OnFailure", 0, true), ("OnFailure", 3, false), ("Never", 3, true), ("Never", 0, true)]
    {
        let pod = pod(json!({ "restartPolicy": policy, "containers": [{ "name": "a" }] }));
        let mut state = ready(&pod);
        state.main[0].run = ended(code, now());
        assert_eq!(over(&pod, &state), over_then, "{policy} {code}");
        assert_eq!(plan(&pod, &state, now()).steps.is_empty(), over_then, "{policy} {code}");
    }
}

#[test]
fn a_failed_init_container_ends_a_pod_that_never_restarts() {
    let pod = pod(json!({ "restartPolicy": "Never", "initContainers": [{ "name": "i" }], "containers": [{ "name": "a" }] }));
    let mut state = ready(&pod);
    state.init[0].run = ended(1, now());
    assert!(over(&pod, &state));
    assert_eq!(plan(&pod, &state, now()), Plan::default());
}

proptest! {
    /// Whatever happened to the containers before, doing what the plan says until it says nothing leaves every container
    /// up, and no container is ever started while an init container before it is not done.
    #[test]
    fn following_the_plan_brings_every_container_up(
        inits in 0usize..4, mains in 1usize..4, crashes in proptest::collection::vec(any::<prop::sample::Index>(), 0..6)
    ) {
        let names = |n: usize, prefix: &str| (0..n).map(|i| json!({ "name": format!("{prefix}{i}") })).collect::<Vec<_>>();
        let pod = pod(json!({ "initContainers": names(inits, "i"), "containers": names(mains, "m") }));
        let mut state = ready(&pod);
        let (mut time, mut crashes) = (now(), crashes.into_iter());
        for _ in 0..200 {
            let decided = plan(&pod, &state, time);
            for step in &decided.steps {
                match step {
                    Step::Start(which) => {
                        let before = |i: usize| state.init[..i].iter().all(ContainerState::succeeded);
                        let in_order = match which { Which::Init(i) => before(*i), Which::Main(_) | Which::Ephemeral(_) => before(inits) };
                        prop_assert!(in_order);
                        state.get_mut(*which).backoff.tried(time);
                        state.get_mut(*which).run = match which { Which::Init(_) => ended(0, time), Which::Main(_) | Which::Ephemeral(_) => running() };
                    }
                    Step::BackOff(..) | Step::SetUpVolumes => {}
                }
            }
            if decided.steps.is_empty() && decided.wake.is_none() {
                match crashes.next() {
                    Some(victim) => state.main[victim.index(mains)].run = ended(1, time),
                    None => break,
                }
            }
            time = decided.wake.unwrap_or(time);
        }
        prop_assert!(state.main.iter().all(ContainerState::running));
    }
}

#[test]
fn rules_and_the_containers_own_policy_come_before_the_pods() {
    let rule = |operator: &str| json!([{ "action": "Restart", "exitCodes": { "operator": operator, "values": [42] } }]);
    for (policy, container, code, expected) in [
        ("Never", json!({ "restartPolicyRules": rule("In"), "restartPolicy": "Never" }), 42, true),
        ("Never", json!({ "restartPolicyRules": rule("In"), "restartPolicy": "Never" }), 1, false),
        ("Never", json!({ "restartPolicyRules": rule("NotIn") }), 1, true),
        ("Always", json!({ "restartPolicy": "Never" }), 1, false),
        ("Never", json!({ "restartPolicy": "OnFailure" }), 1, true),
        ("Never", json!({ "restartPolicy": "OnFailure" }), 0, false),
    ] {
        let mut spec = container.clone();
        spec["name"] = "a".into();
        let pod = pod(json!({ "restartPolicy": policy, "containers": [spec] }));
        let mut state = ready(&pod);
        state.main[0].run = ended(code, now());
        assert_eq!(!over(&pod, &state), expected, "{policy} {container} {code}");
    }
}

#[test]
fn sidecars_go_last_and_one_by_one() {
    let pod = pod(json!({
        "initContainers": [{ "name": "s", "restartPolicy": "Always" }, { "name": "t", "restartPolicy": "Always" }],
        "containers": [{ "name": "a" }], "ephemeralContainers": [{ "name": "e" }]
    }));
    let (s, t, a, e) = (Which::Init(0), Which::Init(1), Which::Main(0), Which::Ephemeral(0));
    for (live, expected) in [(vec![s, t, a, e], vec![a, e]), (vec![s, t], vec![t]), (vec![s], vec![s]), (vec![], vec![])] {
        assert_eq!(next_to_stop(&pod, &live), expected);
    }
}

#[test]
fn an_ephemeral_container_runs_once_and_nothing_waits_for_it() {
    let pod = pod(json!({ "containers": [{ "name": "a" }], "ephemeralContainers": [{ "name": "e" }] }));
    let mut state = ready(&pod);
    let e = Which::Ephemeral(0);
    assert_eq!(plan(&pod, &state, now()).steps, [Step::Start(Which::Main(0)), Step::Start(e)]);
    state.main[0].run = running();
    state.get_mut(e).run = ended(1, now());
    assert_eq!(plan(&pod, &state, now()).steps, []);
    assert!(!over(&pod, &state));
}
