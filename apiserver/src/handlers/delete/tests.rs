//! What a DELETE does first, by kind and options.

use api::kinds;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn pod() -> Value {
    json!({
        "metadata": { "name": "p", "generation": 1 },
        "spec": { "nodeName": "n", "terminationGracePeriodSeconds": 30 }, "status": { "phase": "Running" },
    })
}

fn options(grace: Option<i64>) -> DeleteOptions {
    DeleteOptions { grace, ..DeleteOptions::default() }
}

fn marked(plan: Plan) -> Value {
    match plan {
        Plan::Mark(value) => value,
        other => panic!("expected a mark, not {other:?}"),
    }
}

#[test]
fn a_running_pod_gets_its_time_and_a_second_delete_only_shortens_it() {
    let first = marked(plan(&kinds::POD, pod(), &options(None), at(100)));
    assert_eq!(first["metadata"]["deletionTimestamp"], "1970-01-01T00:02:10Z");
    assert_eq!(first["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(first["metadata"]["generation"], 2);
    assert_eq!(plan(&kinds::POD, first.clone(), &options(Some(60)), at(110)), Plan::Nothing);
    let second = marked(plan(&kinds::POD, first.clone(), &options(Some(5)), at(110)));
    assert_eq!(second["metadata"]["deletionTimestamp"], "1970-01-01T00:01:45Z");
    assert_eq!(second["metadata"]["generation"], 2);
    assert_eq!(plan(&kinds::POD, first, &options(Some(0)), at(110)), Plan::Remove(None));
}

#[test]
fn a_pod_without_node_goes_at_once() {
    let mut unbound = pod();
    unbound["spec"]["nodeName"].take();
    assert_eq!(plan(&kinds::POD, unbound, &options(Some(30)), at(100)), Plan::Remove(None));
}

#[test]
fn finalizers_hold() {
    let mut held = pod();
    held["metadata"]["finalizers"] = json!(["example.com/x"]);
    let value = marked(plan(&kinds::POD, held, &options(Some(0)), at(100)));
    assert_eq!(value["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(plan(&kinds::POD, value, &options(Some(0)), at(200)), Plan::Nothing);
}

#[test]
fn the_fate_of_dependents_is_a_finalizer() {
    let config = json!({ "metadata": { "name": "c" } });
    for (dependents, finalizer) in [(Dependents::Foreground, "foregroundDeletion"), (Dependents::Orphan, "orphan")] {
        let options = DeleteOptions { dependents: Some(dependents), ..DeleteOptions::default() };
        let value = marked(plan(&kinds::CONFIG_MAP, config.clone(), &options, at(1)));
        assert_eq!(value["metadata"]["finalizers"], json!([finalizer]));
        let options = DeleteOptions { dependents: Some(Dependents::Background), ..DeleteOptions::default() };
        assert!(matches!(plan(&kinds::CONFIG_MAP, value, &options, at(1)), Plan::Remove(Some(_))));
    }
}

#[test]
fn a_namespace_terminates() {
    let namespace =
        json!({ "metadata": { "name": "a" }, "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" } });
    let value = marked(plan(&kinds::NAMESPACE, namespace, &options(None), at(1)));
    assert_eq!(value["status"]["phase"], "Terminating");
    assert_eq!(plan(&kinds::NAMESPACE, value, &options(None), at(9)), Plan::Nothing);
}
