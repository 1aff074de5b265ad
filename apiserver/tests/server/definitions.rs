//! Kinds that a CustomResourceDefinition describes, served like any other.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::harness::{Cluster, config, events};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SHIPS: &str = "/apis/example.com/v1/namespaces/default/ships";

fn definition(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "ships.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": { "plural": "ships", "kind": "Ship", "shortNames": ["sh"], "categories": ["all"] },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": schema },
                "additionalPrinterColumns": [{ "name": "Masts", "type": "integer", "jsonPath": ".spec.masts" }],
                "selectableFields": [{ "jsonPath": ".spec.port" }],
            }],
        },
    })
}

fn schema() -> Value {
    json!({ "type": "object", "properties": {
        "spec": { "type": "object", "properties": {
            "masts": { "type": "integer", "minimum": 1, "default": 2 },
            "port": { "type": "string" },
        } },
        "status": { "type": "object", "properties": { "afloat": { "type": "boolean" } } },
    } })
}

fn ship(name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "example.com/v1", "kind": "Ship", "metadata": { "name": name }, "spec": spec })
}

/// Waits until the answer to a GET is as it should be.
async fn until(cluster: &Cluster, path: &str, good: impl Fn(u16, &Value) -> bool) -> Value {
    let look = async {
        loop {
            let (code, answer) = cluster.get(path).await;
            if good(code, &answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), look).await {
        Ok(answer) => answer,
        Err(_) => panic!("{path} stays {:?}", cluster.get(path).await),
    }
}

async fn defined(cluster: &Cluster, schema: &Value) {
    let (code, answer) = cluster.post(DEFINITIONS, definition(schema)).await;
    assert_eq!(code, 201, "{answer}");
    until(cluster, "/apis/example.com/v1", |code, _| code == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_defined_kind_is_served() {
    let cluster = Cluster::start().await;
    assert_eq!(cluster.get(SHIPS).await.0, 404);
    defined(&cluster, &schema()).await;
    let crd = cluster.get(&format!("{DEFINITIONS}/ships.example.com")).await.1;
    assert_eq!(crd["status"]["acceptedNames"]["listKind"], "ShipList");
    assert_eq!(crd["status"]["storedVersions"], json!(["v1"]));

    let (code, made) = cluster.post(SHIPS, ship("argo", json!({ "port": "iolcus", "sails": 1 }))).await;
    assert_eq!((code, &made["spec"]), (201, &json!({ "masts": 2, "port": "iolcus" })), "{made}");
    assert_eq!(made["metadata"]["generation"], 1);
    let (code, refused) = cluster.post(SHIPS, ship("hulk", json!({ "masts": "none" }))).await;
    assert_eq!(
        (code, refused["message"].as_str().unwrap()),
        (
            422,
            "Ship.example.com \"hulk\" is invalid: spec.masts: Invalid value: \"string\": spec.masts in body must be of type integer: \"string\""
        )
    );
    let strict = format!("{SHIPS}?fieldValidation=Strict");
    let (code, refused) = cluster.post(&strict, ship("hulk", json!({ "sails": 1 }))).await;
    assert_eq!(
        (code, refused["message"].as_str().unwrap().contains("unknown field \"spec.sails\"")),
        (400, true),
        "{refused}"
    );

    let path = format!("{SHIPS}/argo");
    let (code, status) = cluster
        .call(Method::PATCH, &format!("{path}/status"), &json!({ "spec": { "masts": 9 }, "status": { "afloat": true } }))
        .await;
    assert_eq!((code, &status["status"], &status["spec"]["masts"]), (200, &json!({ "afloat": true }), &json!(2)));
    assert_eq!(status["metadata"]["generation"], 1);
    let (_, changed) = cluster.call(Method::PATCH, &path, &json!({ "spec": { "masts": 3 }, "status": null })).await;
    assert_eq!((&changed["metadata"]["generation"], &changed["status"]), (&json!(2), &json!({ "afloat": true })));

    let selected = cluster.get(&format!("{SHIPS}?fieldSelector=spec.port%3Diolcus")).await.1;
    assert_eq!((selected["kind"].as_str(), selected["items"].as_array().map(Vec::len)), (Some("ShipList"), Some(1)));
    let none = cluster.get(&format!("{SHIPS}?fieldSelector=spec.port%3Dcolchis")).await.1;
    assert_eq!(none["items"], json!([]));
    let discovered = cluster.get("/apis/example.com/v1").await.1;
    assert_eq!(discovered["resources"][0]["shortNames"], json!(["sh"]));
    assert_eq!(discovered["resources"][1]["name"], "ships/status");
    let openapi = cluster.get("/openapi/v3/apis/example.com/v1").await.1;
    let published = &openapi["components"]["schemas"]["com.example.v1.Ship"];
    assert_eq!(published["properties"]["spec"]["properties"]["masts"]["minimum"], 1);
    assert_eq!(published["x-kubernetes-group-version-kind"][0]["kind"], "Ship");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_objects_and_a_deletion_takes_them() {
    let cluster = Cluster::start().await;
    defined(&cluster, &schema()).await;
    for n in 0..100 {
        assert_eq!(cluster.post(SHIPS, ship(&format!("ship-{n}"), json!({}))).await.0, 201);
    }
    let Cluster { server, dir, .. } = cluster;
    server.stop().await;
    let cluster = Cluster::again(dir, config).await;
    let list = cluster.get(SHIPS).await.1;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(100), "{list}");

    // other defaults hold for what is there already
    let mut next = schema();
    next["properties"]["spec"]["properties"]["crew"] = json!({ "type": "integer", "default": 50 });
    let version = json!([{ "op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": next }]);
    let (code, answer) = cluster.json_patch(&format!("{DEFINITIONS}/ships.example.com"), &version).await;
    assert_eq!(code, 200, "{answer}");
    until(&cluster, &format!("{SHIPS}/ship-7"), |_, ship| ship["spec"]["crew"] == 50).await;

    assert_eq!(cluster.call(Method::DELETE, &format!("{DEFINITIONS}/ships.example.com"), &Value::Null).await.0, 200);
    until(&cluster, &format!("{DEFINITIONS}/ships.example.com"), |code, _| code == 404).await;
    until(&cluster, SHIPS, |code, _| code == 404).await;
    // defined anew, it is empty, and of the new shape
    let mut other = schema();
    other["properties"]["spec"]["properties"]["masts"] = json!({ "type": "string" });
    defined(&cluster, &other).await;
    assert_eq!(cluster.get(SHIPS).await.1["items"], json!([]));
    assert_eq!(cluster.post(SHIPS, ship("argo", json!({ "masts": "many" }))).await.0, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_in_cel() {
    let cluster = Cluster::start().await;
    let spec = |rule: &str| {
        json!({ "type": "object", "properties": {
        "spec": { "type": "object", "x-kubernetes-validations": [{ "rule": rule }],
            "properties": { "masts": { "type": "integer" }, "port": { "type": "string", "maxLength": 9 } } },
    } })
    };
    for (rule, complaint) in [("self.z == 100", "undefined field 'z'"), ("self = 42", "Syntax error")] {
        let (code, refused) = cluster.post(DEFINITIONS, definition(&spec(rule))).await;
        assert_eq!((code, refused["message"].as_str().unwrap().contains(complaint)), (422, true), "{refused}");
    }
    defined(&cluster, &spec("!has(oldSelf.masts) || self.masts >= oldSelf.masts")).await;
    assert_eq!(cluster.post(SHIPS, ship("argo", json!({ "masts": 2 }))).await.0, 201);
    let path = format!("{SHIPS}/argo");
    let (code, refused) = cluster.call(Method::PATCH, &path, &json!({ "spec": { "masts": 1 } })).await;
    assert_eq!((code, refused["message"].as_str().unwrap().contains("failed rule: ")), (422, true), "{refused}");
    // tightened schemas tolerate what was there
    let mut tight = spec("!has(self.masts) || self.masts < 2");
    tight["properties"]["spec"]["properties"]["port"]["maxLength"] = json!(1);
    let version = json!([{ "op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": tight }]);
    let (code, answer) = cluster.json_patch(&format!("{DEFINITIONS}/ships.example.com"), &version).await;
    assert_eq!(code, 200, "{answer}");
    until(&cluster, "/openapi/v3/apis/example.com/v1", |_, api| {
        api["components"]["schemas"]["com.example.v1.Ship"]["properties"]["spec"]["properties"]["port"]["maxLength"] == 1
    })
    .await;
    let (code, answer) = cluster.call(Method::PATCH, &path, &json!({ "metadata": { "labels": { "a": "b" } } })).await;
    assert_eq!(code, 200, "{answer}");
    assert_eq!(cluster.call(Method::PATCH, &path, &json!({ "spec": { "masts": 3 } })).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_versions() {
    let cluster = Cluster::start().await;
    let mut crd = definition(&schema());
    let mut second = crd["spec"]["versions"][0].clone();
    second["name"] = json!("v2");
    second["storage"] = json!(false);
    second["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["crew"] = json!({ "type": "integer" });
    crd["spec"]["versions"].as_array_mut().unwrap().push(second);
    assert_eq!(cluster.post(DEFINITIONS, crd).await.0, 201);
    until(&cluster, "/apis/example.com/v2", |code, _| code == 200).await;
    let group = cluster.get("/apis/example.com").await.1;
    assert_eq!(group["preferredVersion"]["version"], "v2");
    assert_eq!(cluster.post(SHIPS, ship("argo", json!({}))).await.0, 201);
    let v2 = "/apis/example.com/v2/namespaces/default/ships";
    let read = cluster.get(&format!("{v2}/argo")).await.1;
    assert_eq!((&read["apiVersion"], &read["spec"]["masts"]), (&json!("example.com/v2"), &json!(2)));
    let (code, changed) = cluster.call(Method::PATCH, &format!("{v2}/argo"), &json!({ "spec": { "masts": 4 } })).await;
    assert_eq!((code, &changed["apiVersion"]), (200, &json!("example.com/v2")), "{changed}");
    let list = cluster.get(SHIPS).await.1;
    assert_eq!((&list["items"][0]["apiVersion"], &list["items"][0]["spec"]["masts"]), (&json!("example.com/v1"), &json!(4)));
    // the other one is stored from now on; what is there is read in both
    let storage = json!([
        { "op": "replace", "path": "/spec/versions/0/storage", "value": false },
        { "op": "replace", "path": "/spec/versions/1/storage", "value": true },
    ]);
    let (_, crd) = cluster.json_patch(&format!("{DEFINITIONS}/ships.example.com"), &storage).await;
    assert_eq!(crd["status"]["storedVersions"], json!(["v1", "v2"]));
    assert_eq!(cluster.get(&format!("{SHIPS}/argo")).await.1["apiVersion"], "example.com/v1");
    assert_eq!(
        cluster.post(v2, json!({ "apiVersion": "example.com/v2", "kind": "Ship", "metadata": { "name": "two" } })).await.0,
        201
    );
    assert_eq!(cluster.get(v2).await.1["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_sees_the_end_of_a_kind() {
    let cluster = Cluster::start().await;
    defined(&cluster, &schema()).await;
    assert_eq!(cluster.post(SHIPS, ship("argo", json!({}))).await.0, 201);
    let request = Request::get(format!("{SHIPS}?watch=true")).body(Body::empty()).expect("a request");
    let mut watch = cluster.send(request).await.into_body();
    assert_eq!(events(&mut watch, 1).await, ["ADDED argo"]);
    assert_eq!(cluster.call(Method::DELETE, &format!("{DEFINITIONS}/ships.example.com"), &Value::Null).await.0, 200);
    // the last object, and then no more
    assert_eq!(events(&mut watch, 2).await, ["DELETED argo"]);
}
