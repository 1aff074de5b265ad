//! The life of objects, over HTTP in process.

use crate::harness::{Cluster, events};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, labels: Value) -> Value {
    json!({ "metadata": { "name": name, "labels": labels }, "data": { "a": "1" } })
}

#[tokio::test]
async fn create_read_update_patch_delete() {
    let cluster = Cluster::start().await;
    let (code, made) = cluster.post(MAPS, map("one", json!({}))).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["kind"], "ConfigMap");
    assert!(made["metadata"]["uid"].is_string() && made["metadata"]["creationTimestamp"].is_string());

    let path = format!("{MAPS}/one");
    assert_eq!(cluster.get(&path).await, (200, made.clone()));
    let (code, same) = cluster.call(Method::PUT, &path, &made).await;
    assert_eq!((code, &same), (200, &made), "an update that changes nothing writes nothing");

    let mut next = made.clone();
    next["data"]["a"] = "2".into();
    let (code, next) = cluster.call(Method::PUT, &path, &next).await;
    assert_eq!((code, &next["data"]["a"]), (200, &json!("2")));
    let (code, conflict) = cluster.call(Method::PUT, &path, &made).await;
    assert_eq!((code, &conflict["reason"]), (409, &json!("Conflict")));
    let (code, gone) = cluster.call(Method::DELETE, &path, &Value::Null).await;
    assert_eq!((code, &gone["status"], &gone["details"]["uid"]), (200, &json!("Success"), &made["metadata"]["uid"]));
    assert_eq!(cluster.get(&path).await.0, 404);
}

#[tokio::test]
async fn refusals_are_upstreams() {
    let cluster = Cluster::start().await;
    let says = |(code, status): (u16, Value)| format!("{code} {}", status["message"].as_str().unwrap_or_default());
    assert_eq!(says(cluster.get(&format!("{MAPS}/none")).await), "404 configmaps \"none\" not found");
    assert_eq!(says(cluster.get("/apis/none/v1/things").await), "404 the server could not find the requested resource");
    assert_eq!(
        says(cluster.post("/api/v1/namespaces/none/configmaps", map("a", json!({}))).await),
        "404 namespaces \"none\" not found"
    );
    assert_eq!(
        says(cluster.post(MAPS, json!({ "metadata": { "name": "a", "resourceVersion": "1" } })).await),
        "400 resourceVersion should not be set on objects to be created"
    );
    assert_eq!(
        says(cluster.post(MAPS, json!({ "metadata": { "name": "a", "namespace": "b" } })).await),
        "400 the namespace of the provided object does not match the namespace sent on the request"
    );
    assert_eq!(
        says(cluster.post(MAPS, json!({ "metadata": {} })).await),
        "422 ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required"
    );
    assert_eq!(
        says(cluster.post("/api/v1/configmaps", json!({})).await),
        "405 the server does not allow this method on the requested resource"
    );
    cluster.post(MAPS, map("a", json!({}))).await;
    assert_eq!(says(cluster.post(MAPS, map("a", json!({}))).await), "409 configmaps \"a\" already exists");
    let stale = json!({ "metadata": { "name": "a", "resourceVersion": "1" } });
    assert_eq!(
        says(cluster.call(Method::PUT, &format!("{MAPS}/a"), &stale).await),
        "409 Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
    );
}

#[tokio::test]
async fn pages_are_of_one_revision() {
    let cluster = Cluster::start().await;
    for name in ["a", "b", "c"] {
        cluster.post(MAPS, map(name, json!({ "x": name }))).await;
    }
    let (_, first) = cluster.get(&format!("{MAPS}?limit=2")).await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    cluster.post(MAPS, map("d", json!({}))).await;
    let next = first["metadata"]["continue"].as_str().expect("a token");
    let (_, second) = cluster.get(&format!("{MAPS}?limit=2&continue={next}")).await;
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1), "`d` came later: {second}");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let (_, selected) = cluster.get(&format!("{MAPS}?labelSelector=x%20in%20(a,c)")).await;
    assert_eq!(selected["items"].as_array().map(Vec::len), Some(2));
    let (code, refused) = cluster.get(&format!("{MAPS}?fieldSelector=spec.x=1")).await;
    assert_eq!(code, 400, "{refused}");
}

#[tokio::test]
async fn a_watch_sees_who_enters_and_leaves_its_selection() {
    let cluster = Cluster::start().await;
    cluster.post(MAPS, map("old", json!({ "x": "1" }))).await;
    let request = Request::get(format!("{MAPS}?watch=true&labelSelector=x=1")).body(Body::empty()).expect("a request");
    let mut body = cluster.send(request).await.into_body();
    assert_eq!(events(&mut body, 1).await, ["ADDED old"]);
    cluster.post(MAPS, map("other", json!({ "x": "2" }))).await;
    for (value, seen) in [("1", "ADDED other"), ("1", ""), ("3", "DELETED other")] {
        let patch = json!({ "metadata": { "labels": { "x": value } } });
        let (code, _) = cluster.call(Method::PATCH, &format!("{MAPS}/other"), &patch).await;
        assert_eq!(code, 200);
        if !seen.is_empty() {
            assert_eq!(events(&mut body, 1).await, [seen]);
        }
    }
    cluster.call(Method::DELETE, &format!("{MAPS}/old"), &Value::Null).await;
    assert_eq!(events(&mut body, 1).await, ["DELETED old"]);
    cluster.server.stop().await;
    assert!(events(&mut body, 1).await.is_empty(), "the stream ends with the server");
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let cluster = Cluster::start().await;
    cluster.post(MAPS, map("a", json!({}))).await;
    let query =
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1";
    let request = Request::get(format!("{MAPS}?{query}")).body(Body::empty()).expect("a request");
    let mut body = cluster.send(request).await.into_body();
    assert_eq!(events(&mut body, 2).await, ["ADDED a", "BOOKMARK -"]);
    assert_eq!(events(&mut body, 2).await, ["BOOKMARK -"], "one at the end, then the end");
}

#[tokio::test]
async fn names_are_generated_and_dry_runs_leave_nothing() {
    let cluster = Cluster::start().await;
    let (_, made) = cluster.post(MAPS, json!({ "metadata": { "generateName": "x-" } })).await;
    let name = made["metadata"]["name"].as_str().expect("a name");
    assert!(name.starts_with("x-") && name.len() == 7, "{name}");
    let (code, _) = cluster.post(&format!("{MAPS}?dryRun=All"), map("dry", json!({}))).await;
    assert_eq!(code, 201);
    assert_eq!(cluster.get(&format!("{MAPS}/dry")).await.0, 404);
}

#[tokio::test]
async fn finalizers_hold_and_let_go() {
    let cluster = Cluster::start().await;
    let mut held = map("held", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/x"]);
    cluster.post(MAPS, held).await;
    let path = format!("{MAPS}/held");
    let (code, marked) = cluster.call(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(code, 200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string(), "{marked}");
    cluster.call(Method::PATCH, &path, &json!({ "metadata": { "finalizers": null } })).await;
    assert_eq!(cluster.get(&path).await.0, 404);
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let cluster = Cluster::start().await;
    let (_, made) = cluster.post(MAPS, map("kept", json!({}))).await;
    let Cluster { server, dir, .. } = cluster;
    server.stop().await;
    let server = coracle_apiserver::Server::start(crate::harness::config(dir.path())).await.expect("a second start");
    let api = server.service(api::Identity::new("system:test", &["system:masters"]));
    let request = Request::get(format!("{MAPS}/kept")).body(Body::empty()).expect("a request");
    let response = tower::ServiceExt::oneshot(api, request).await.expect("an answer");
    assert_eq!(crate::harness::json(response).await, made);
}

#[tokio::test]
async fn the_service_of_the_server_is_there() {
    let cluster = Cluster::start().await;
    let (_, service) = cluster.get("/api/v1/namespaces/default/services/kubernetes").await;
    assert_eq!(service["spec"]["clusterIP"], "10.43.0.1", "{service}");
    assert_eq!(cluster.get("/readyz").await, (200, json!("ok")));
    assert_eq!(cluster.get("/api/v1/namespaces/kube-system").await.0, 200);
}
