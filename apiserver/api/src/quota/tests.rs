//! What is counted (`pkg/quota/v1/evaluator/core/*_test.go`).

use serde_json::json;

use super::*;

fn used(hard: &[&str], more: Value, kind: &Kind, object: &Value) -> String {
    let hard: serde_json::Map<_, _> = hard.iter().map(|name| ((*name).to_owned(), json!("10"))).collect();
    let mut spec = json!({ "hard": hard });
    for (name, value) in more.as_object().unwrap() {
        spec[name] = value.clone();
    }
    pretty(&Quota::of(&json!({ "metadata": { "name": "q" }, "spec": spec })).usage(kind, object))
}

#[test]
fn objects_count_for_what_they_are() {
    let pod = json!({ "spec": {
        "containers": [
            { "name": "a", "resources": { "requests": { "cpu": "100m", "memory": "1Gi", "example.com/gpu": "2" }, "limits": { "cpu": "1" } } },
            { "name": "b", "resources": { "requests": { "cpu": "200m" } } },
        ],
        "initContainers": [
            { "name": "side", "restartPolicy": "Always", "resources": { "requests": { "cpu": "50m" } } },
            { "name": "init", "resources": { "requests": { "cpu": "400m" } } },
        ],
        "overhead": { "cpu": "10m", "memory": "1Gi" }, "priorityClassName": "high",
    } });
    let ended = json!({ "status": { "phase": "Succeeded" }, "spec": pod["spec"] });
    let idle = json!({ "spec": { "containers": [{ "name": "a" }], "activeDeadlineSeconds": 5 } });
    let node_port = json!({ "spec": { "type": "NodePort", "ports": [{}, {}] } });
    let claim = json!({ "spec": { "storageClassName": "gold", "resources": { "requests": { "storage": "5Gi" } } } });
    let scope = |name: &str, operator: &str, values: Value| json!({ "scopeSelector": { "matchExpressions": [{ "scopeName": name, "operator": operator, "values": values }] } });
    let gold = "gold.storageclass.storage.k8s.io/requests.storage";
    let (pods, none) = (&kinds::POD, json!({}));
    let cases: [(&[&str], Value, &Kind, &Value, &str); 16] = [
        (&["pods", "count/pods"], none.clone(), pods, &pod, "count/pods=1,pods=1"),
        // the init container beside the sidecar asks for more than the containers beside it
        (&["cpu", "requests.cpu", "limits.cpu"], none.clone(), pods, &pod, "cpu=460m,limits.cpu=1010m,requests.cpu=460m"),
        (&["memory", "requests.example.com/gpu"], none.clone(), pods, &pod, "memory=2Gi,requests.example.com/gpu=2"),
        (&["pods", "count/pods", "cpu"], none.clone(), pods, &ended, "count/pods=1"),
        (&["pods"], json!({ "scopes": ["BestEffort"] }), pods, &pod, ""),
        (&["pods"], json!({ "scopes": ["BestEffort", "Terminating"] }), pods, &idle, "pods=1"),
        (&["pods"], json!({ "scopes": ["NotTerminating"] }), pods, &idle, ""),
        (&["pods"], scope("PriorityClass", "In", json!(["high"])), pods, &pod, "pods=1"),
        (&["pods"], scope("PriorityClass", "NotIn", json!(["high"])), pods, &pod, ""),
        (&["pods"], scope("PriorityClass", "Exists", json!([])), pods, &idle, ""),
        (&["services", "services.nodeports"], none.clone(), &kinds::SERVICE, &node_port, "services=1,services.nodeports=2"),
        (
            &["requests.storage", gold],
            none.clone(),
            &kinds::PERSISTENT_VOLUME_CLAIM,
            &claim,
            "gold.storageclass.storage.k8s.io/requests.storage=5Gi,requests.storage=5Gi",
        ),
        (
            &["configmaps", "count/configmaps"],
            none.clone(),
            &kinds::CONFIG_MAP,
            &json!({}),
            "configmaps=1,count/configmaps=1",
        ),
        (&["count/deployments.apps", "pods"], none.clone(), &kinds::DEPLOYMENT, &json!({}), "count/deployments.apps=1"),
        (&["pods"], none.clone(), &kinds::DEPLOYMENT, &json!({}), ""),
        (&["configmaps"], json!({ "scopes": ["Terminating"] }), &kinds::CONFIG_MAP, &json!({}), ""),
    ];
    for (hard, more, kind, object, expected) in cases {
        assert_eq!(used(hard, more.clone(), kind, object), expected, "{hard:?} {more}");
    }
}

#[test]
fn containers_must_say_what_is_limited() {
    let quota = Quota::of(&json!({ "spec": { "hard": { "cpu": "1", "limits.memory": "1Gi", "pods": "1" } } }));
    let pod =
        json!({ "spec": { "containers": [{ "name": "b" }, { "name": "a", "resources": { "requests": { "cpu": "1" } } }] } });
    assert_eq!(quota.unspecified(&kinds::POD, &pod).as_deref(), Some("must specify cpu for: b; limits.memory for: a,b"));
    assert_eq!(quota.unspecified(&kinds::SERVICE, &pod), None);
}
