//! Laws and examples of the three patch types.

mod three_way;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schema::{self, Type};

fn deployment() -> &'static Type {
    schema::find("io.k8s.api.apps.v1.Deployment").unwrap()
}

fn pod() -> &'static Type {
    schema::find("io.k8s.api.core.v1.Pod").unwrap()
}

fn strategic(current: Value, patch: Value) -> Value {
    super::strategic(deployment(), &current, &patch).unwrap()
}

fn containers(list: Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": list}}}})
}

#[test]
fn containers_merge_by_name() {
    let current = containers(json!([{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1", "tty": true}]));
    let patched = strategic(current, containers(json!([{"name": "b", "image": "b:2"}])));
    assert_eq!(patched, containers(json!([{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2", "tty": true}])));
}

#[test]
fn directives_delete_and_replace_items() {
    let current = containers(json!([{"name": "a"}, {"name": "b"}]));
    let deleted = strategic(current.clone(), containers(json!([{"name": "a", "$patch": "delete"}])));
    assert_eq!(deleted, containers(json!([{"name": "b"}])));
    let replaced = strategic(current, containers(json!([{"name": "c"}, {"$patch": "replace"}])));
    assert_eq!(replaced, containers(json!([{"name": "c"}])));
}

#[test]
fn element_order_is_kept_and_server_items_stay_between() {
    let current = containers(json!([{"name": "a"}, {"name": "sidecar"}, {"name": "b"}]));
    let patch = json!({"spec": {"template": {"spec": {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "new"}, {"name": "a"}],
        "containers": [{"name": "new", "image": "n"}],
    }}}});
    let patched = strategic(current, patch);
    let list = patched["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let names: Vec<&str> = list.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["sidecar", "b", "new", "a"], "what the live list has before `b` stays before it");
}

#[test]
fn retain_keys_clears_the_other_member_of_a_union() {
    let current = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    assert_eq!(strategic(current, patch), json!({"spec": {"strategy": {"type": "Recreate"}}}));
}

#[test]
fn primitive_lists_lose_and_gain_items() {
    let current = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"], "finalizers": ["d"]}});
    // what the live list does not know goes to the front, as upstream has it
    assert_eq!(strategic(current, patch)["metadata"]["finalizers"], json!(["d", "a", "c"]));
}

#[test]
fn null_deletes_and_leaves_no_trace_where_nothing_was() {
    let current = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
    let patch = json!({"metadata": {"labels": {"a": null}, "annotations": {"x": null, "y": "1"}}});
    assert_eq!(strategic(current, patch), json!({"metadata": {"labels": {"b": "2"}, "annotations": {"y": "1"}}}));
}

#[test]
fn atomic_lists_are_replaced() {
    let current = containers(json!([{"name": "a", "args": ["1", "2"]}]));
    let patched = strategic(current, containers(json!([{"name": "a", "args": ["3"]}])));
    assert_eq!(patched, containers(json!([{"name": "a", "args": ["3"]}])));
}

#[test]
fn refusals_are_upstreams() {
    let current = containers(json!([{"name": "a"}]));
    let refused = |patch: Value| super::strategic(deployment(), &current, &patch).unwrap_err();
    let keyless = refused(containers(json!([{"image": "x"}])));
    assert_eq!(
        (keyless.code, keyless.message.as_str()),
        (500, "map: map[image:x] does not contain declared merge key: name")
    );
    let retained = refused(json!({"spec": {"$retainKeys": ["a"], "replicas": 1}}));
    assert_eq!((retained.code, retained.message.as_str()), (400, "invalid patch format of retainKeys"));
    assert_eq!(refused(json!([])).code, 400);
}

#[test]
fn json_patch_refusals_are_upstreams() {
    let current = json!({"spec": {"replicas": 1}});
    let refused = |patch: Value| super::json(&current, &patch).unwrap_err();
    assert_eq!(refused(json!({"spec": 1})).message, "json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    let failed = refused(json!([{"op": "test", "path": "/spec/replicas", "value": 2}]));
    assert_eq!((failed.code, failed.reason.as_str()), (422, "Invalid"));
    assert_eq!(failed.message, "the server rejected our request due to an error in our request");
    assert_eq!(refused(json!([{"op": "remove", "path": "/spec/nothing"}])).code, 422);
    let absent =
        json!([{"op": "test", "path": "/metadata", "value": null}, {"op": "add", "path": "/metadata", "value": {}}]);
    assert_eq!(super::json(&current, &absent).unwrap()["metadata"], json!({}));
}

/// Names of containers, each once, in any order.
fn names() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(vec!["a", "b", "c", "d", "e"], 0..=5)
        .prop_shuffle()
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

fn pods() -> impl Strategy<Value = Value> {
    (names(), proptest::collection::btree_map("[a-c]", "[x-z]", 0..3), proptest::option::of(0..60_u32)).prop_map(
        |(names, labels, grace)| {
            let containers: Vec<Value> = names
                .iter()
                .map(|n| json!({"name": n, "image": format!("{n}:1"), "env": [{"name": "E", "value": n}]}))
                .collect();
            let mut pod = json!({"metadata": {"labels": labels}, "spec": {"containers": containers}});
            if let Some(grace) = grace {
                pod["spec"]["terminationGracePeriodSeconds"] = grace.into();
            }
            pod
        },
    )
}

proptest! {
    #[test]
    fn an_empty_patch_changes_nothing(pod in pods()) {
        prop_assert_eq!(super::strategic(self::pod(), &pod, &json!({})).unwrap(), pod.clone());
        prop_assert_eq!(super::merge(&pod, &json!({})), pod.clone());
        prop_assert_eq!(super::json(&pod, &json!([])).unwrap(), pod);
    }

    #[test]
    fn twice_is_once(current in pods(), patch in pods()) {
        let once = super::strategic(self::pod(), &current, &patch).unwrap();
        let twice = super::strategic(self::pod(), &once, &patch).unwrap();
        prop_assert_eq!(once, twice);
    }

    /// The merged list holds the union by key, and the patch's items in the patch's order.
    #[test]
    fn lists_merge_by_key(current in pods(), patch in pods()) {
        let named = |pod: &Value| -> Vec<String> {
            pod["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
        };
        let merged = named(&super::strategic(self::pod(), &current, &patch).unwrap());
        let (old, new) = (named(&current), named(&patch));
        let of_patch: Vec<&String> = merged.iter().filter(|n| new.contains(n)).collect();
        prop_assert_eq!(of_patch, new.iter().collect::<Vec<_>>());
        let others: Vec<&String> = merged.iter().filter(|n| !new.contains(n)).collect();
        prop_assert_eq!(others, old.iter().filter(|n| !new.contains(n)).collect::<Vec<_>>());
    }

    /// `$setElementOrder` with all names decides the order alone.
    #[test]
    fn a_full_element_order_decides(current in pods(), seed in names()) {
        let order: Vec<Value> = seed.iter().map(|n| json!({"name": n})).collect();
        let patch = json!({"spec": {"$setElementOrder/containers": order}});
        let patched = super::strategic(self::pod(), &current, &patch).unwrap();
        let got: Vec<&str> = patched["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        let ordered: Vec<&str> = got.iter().copied().filter(|n| seed.iter().any(|s| s == n)).collect();
        let wanted: Vec<&str> = seed.iter().map(String::as_str).filter(|n| got.contains(n)).collect();
        prop_assert_eq!(ordered, wanted);
        prop_assert_eq!(got.len(), current["spec"]["containers"].as_array().unwrap().len());
    }
}
