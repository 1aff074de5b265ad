//! Pods, namespaces, services: what is special to them.

use http::Method;
use serde_json::{Value, json};

use crate::harness::Cluster;

const PODS: &str = "/api/v1/namespaces/default/pods";

async fn pod(cluster: &Cluster, name: &str) -> Value {
    let account = json!({ "metadata": { "name": "default" } });
    cluster.post("/api/v1/namespaces/default/serviceaccounts", account).await;
    let pod = json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "i" }] } });
    let (code, made) = cluster.post(PODS, pod).await;
    assert_eq!(code, 201, "{made}");
    made
}

async fn bind(cluster: &Cluster, name: &str) -> (u16, Value) {
    let target = json!({ "apiVersion": "v1", "kind": "Node", "name": "n" });
    cluster.post(&format!("{PODS}/{name}/binding"), json!({ "metadata": { "name": name }, "target": target })).await
}

#[tokio::test]
async fn a_pod_is_admitted_bound_and_let_go_by_its_node() {
    let cluster = Cluster::start().await;
    let early = json!({ "metadata": { "name": "p" }, "spec": { "containers": [{ "name": "c", "image": "i" }] } });
    let (code, refused) = cluster.post(PODS, early).await;
    assert_eq!(code, 403);
    assert_eq!(
        refused["message"],
        "pods \"p\" is forbidden: error looking up service account default/default: serviceaccount \"default\" not found"
    );

    let made = pod(&cluster, "p").await;
    assert_eq!(made["spec"]["serviceAccountName"], "default");
    assert_eq!(made["spec"]["tolerations"].as_array().map(Vec::len), Some(2));
    assert_eq!(bind(&cluster, "p").await.0, 201);
    let (code, again) = bind(&cluster, "p").await;
    assert_eq!((code, &again["reason"]), (409, &json!("Conflict")), "{again}");
    let (_, bound) = cluster.get(&format!("{PODS}?fieldSelector=spec.nodeName=n")).await;
    assert_eq!(bound["items"].as_array().map(Vec::len), Some(1));

    let (code, going) = cluster.call(Method::DELETE, &format!("{PODS}/p"), &Value::Null).await;
    assert_eq!((code, &going["metadata"]["deletionGracePeriodSeconds"]), (200, &json!(30)), "{going}");
    let last = json!({ "gracePeriodSeconds": 0, "preconditions": { "uid": "another" } });
    assert_eq!(cluster.call(Method::DELETE, &format!("{PODS}/p"), &last).await.0, 409);
    let last = json!({ "gracePeriodSeconds": 0, "preconditions": { "uid": made["metadata"]["uid"] } });
    assert_eq!(cluster.call(Method::DELETE, &format!("{PODS}/p"), &last).await.0, 200);
    assert_eq!(cluster.get(&format!("{PODS}/p")).await.0, 404);
}

#[tokio::test]
async fn status_and_spec_are_kept_apart() {
    let cluster = Cluster::start().await;
    pod(&cluster, "p").await;
    let path = format!("{PODS}/p");
    let both =
        json!({ "metadata": { "labels": { "a": "b" } }, "spec": { "nodeName": "x" }, "status": { "phase": "Running" } });
    let (code, written) = cluster.call(Method::PATCH, &format!("{path}/status"), &both).await;
    assert_eq!(code, 200, "{written}");
    assert_eq!((&written["status"]["phase"], &written["spec"]["nodeName"]), (&json!("Running"), &Value::Null));
    assert_eq!(written["metadata"]["generation"], 1);
    let (code, written) = cluster.call(Method::PATCH, &path, &json!({ "status": { "phase": "Failed" } })).await;
    assert_eq!((code, &written["status"]["phase"]), (200, &json!("Running")));
}

#[tokio::test]
async fn a_namespace_ends_when_it_is_finalized() {
    let cluster = Cluster::start().await;
    let (_, made) = cluster.post("/api/v1/namespaces", json!({ "metadata": { "name": "a" } })).await;
    assert_eq!(made["status"]["phase"], "Active", "{made}");
    let (_, going) = cluster.call(Method::DELETE, "/api/v1/namespaces/a", &Value::Null).await;
    assert_eq!(going["status"]["phase"], "Terminating", "{going}");
    let (code, refused) = cluster.post("/api/v1/namespaces/a/configmaps", json!({ "metadata": { "name": "c" } })).await;
    assert_eq!((code, &refused["details"]["causes"][0]["reason"]), (403, &json!("NamespaceTerminating")), "{refused}");
    let mut done = going.clone();
    done["spec"]["finalizers"] = json!([]);
    let (code, _) = cluster.call(Method::PUT, "/api/v1/namespaces/a/finalize", &done).await;
    assert_eq!(code, 200);
    assert_eq!(cluster.get("/api/v1/namespaces/a").await.0, 404);
    let (code, kept) = cluster.call(Method::DELETE, "/api/v1/namespaces/default", &Value::Null).await;
    assert_eq!((code, &kept["reason"]), (403, &json!("Forbidden")));
}

#[tokio::test]
async fn no_two_services_share_a_port() {
    let cluster = Cluster::start().await;
    let path = "/api/v1/namespaces/default/services";
    let service = |name: &str, port: Value| json!({ "metadata": { "name": name }, "spec": { "type": "NodePort", "ports": [{ "port": 80, "nodePort": port }] } });
    let (code, first) = cluster.post(path, service("a", Value::Null)).await;
    assert_eq!(code, 201, "{first}");
    let port = first["spec"]["ports"][0]["nodePort"].clone();
    assert!(first["spec"]["clusterIP"].as_str().is_some_and(|ip| ip.starts_with("10.43.")), "{first}");
    let (code, refused) = cluster.post(path, service("b", port.clone())).await;
    assert_eq!(code, 422);
    assert!(refused["message"].as_str().is_some_and(|m| m.contains("provided port is already allocated")), "{refused}");
    cluster.call(Method::DELETE, &format!("{path}/a"), &Value::Null).await;
    assert_eq!(cluster.post(path, service("b", port)).await.0, 201);
}

#[tokio::test]
async fn a_token_names_its_account_until_that_is_gone() {
    let cluster = Cluster::start().await;
    pod(&cluster, "p").await;
    let account = "/api/v1/namespaces/default/serviceaccounts/default";
    let bound = json!({ "kind": "Pod", "apiVersion": "v1", "name": "p" });
    let (code, answer) = cluster.post(&format!("{account}/token"), json!({ "spec": { "boundObjectRef": bound } })).await;
    assert_eq!(code, 201, "{answer}");
    let review = json!({ "spec": { "token": answer["status"]["token"] } });
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let (_, known) = cluster.post(reviews, review.clone()).await;
    assert_eq!(known["status"]["user"]["username"], "system:serviceaccount:default:default", "{known}");
    assert_eq!(known["status"]["user"]["extra"]["authentication.kubernetes.io/pod-name"], json!(["p"]));
    cluster.call(Method::DELETE, &format!("{PODS}/p"), &Value::Null).await;
    let (_, unknown) = cluster.post(reviews, review).await;
    assert_eq!(unknown["status"]["authenticated"], Value::Null, "{unknown}");
}
