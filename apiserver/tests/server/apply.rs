//! Server-side apply and the records of who owns which field, over HTTP in process.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::harness::{self, Cluster};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const SERVICES: &str = "/api/v1/namespaces/default/services";

fn deployment(replicas: i64, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d" },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": { "a": "b" } },
            "template": { "metadata": { "labels": { "a": "b" } }, "spec": { "containers": [{ "name": "c", "image": image }] } },
        },
    })
}

async fn patch(cluster: &Cluster, path: &str, content_type: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(Method::PATCH).uri(path).header("content-type", content_type);
    let request = request.header("user-agent", "tester/v1 (linux)").body(Body::from(body.to_string()));
    let response = cluster.send(request.expect("a request")).await;
    (response.status().as_u16(), harness::json(response).await)
}

async fn apply(cluster: &Cluster, path: &str, body: &Value) -> (u16, Value) {
    patch(cluster, path, "application/apply-patch+yaml", body).await
}

/// `manager operation[/subresource] version` of each entry.
fn owners(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let named = entries.map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let subresource = if text("subresource").is_empty() { String::new() } else { format!("/{}", text("subresource")) };
        format!("{} {}{subresource} {}", text("manager"), text("operation"), text("apiVersion"))
    });
    named.collect()
}

fn owned_by(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries
        .into_iter()
        .find(|entry| entry["manager"] == manager)
        .map(|mut entry| entry["fieldsV1"].take())
        .unwrap_or_default()
}

#[tokio::test]
async fn apply_creates_changes_and_conflicts() {
    let cluster = Cluster::start().await;
    let path = format!("{DEPLOYMENTS}/d?fieldManager=a");
    let (code, made) = apply(&cluster, &path, &deployment(1, "one")).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(owners(&made), ["a Apply apps/v1"]);
    assert_eq!(made["spec"]["template"]["spec"]["restartPolicy"], "Always", "defaults are there, and nobody's");
    assert_eq!(
        owned_by(&made, "a")["f:spec"]["f:template"]["f:spec"],
        json!({
            "f:containers": { "k:{\"name\":\"c\"}": { ".": {}, "f:image": {}, "f:name": {} } },
        })
    );
    let (code, same) = apply(&cluster, &path, &deployment(1, "one")).await;
    assert_eq!((code, &same), (200, &made), "nothing is written for nothing");

    let (code, scaled) =
        cluster.call(Method::PATCH, &format!("{DEPLOYMENTS}/d/scale"), &json!({ "spec": { "replicas": 4 } })).await;
    assert_eq!((code, &scaled["spec"]["replicas"]), (200, &json!(4)), "{scaled}");
    let (_, read) = cluster.get(&format!("{DEPLOYMENTS}/d")).await;
    assert_eq!(owners(&read), ["a Apply apps/v1", "test Update/scale apps/v1"]);
    let (code, refused) = apply(&cluster, &path, &deployment(1, "one")).await;
    assert_eq!(code, 409);
    assert_eq!(
        refused["message"],
        "Apply failed with 1 conflict: conflict with \"test\" with subresource \"scale\" using apps/v1: .spec.replicas"
    );
    assert_eq!(refused["details"]["causes"][0]["reason"], "FieldManagerConflict");
    assert_eq!(refused["details"]["causes"][0]["field"], ".spec.replicas");
    let (code, forced) = apply(&cluster, &format!("{path}&force=true&dryRun=All"), &deployment(1, "one")).await;
    assert_eq!((code, &forced["spec"]["replicas"]), (200, &json!(1)));
    let (_, read) = cluster.get(&format!("{DEPLOYMENTS}/d")).await;
    assert_eq!(read["spec"]["replicas"], 4, "the dry run wrote nothing");
    let (_, forced) = apply(&cluster, &format!("{path}&force=true"), &deployment(1, "one")).await;
    assert_eq!(owners(&forced), ["a Apply apps/v1"]);

    // a status is its controller's
    let status = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d" }, "status": { "replicas": 1 }, "spec": { "replicas": 9 } });
    let (code, shown) = apply(&cluster, &format!("{DEPLOYMENTS}/d/status?fieldManager=s"), &status).await;
    assert_eq!((code, &shown["status"]["replicas"], &shown["spec"]["replicas"]), (200, &json!(1), &json!(1)), "{shown}");
    assert_eq!(owners(&shown), ["a Apply apps/v1", "s Apply/status apps/v1"]);
    assert_eq!(owned_by(&shown, "s"), json!({ "f:status": { "f:replicas": {} } }));

    // an applied Scale is the object's own field
    let scale =
        json!({ "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": { "name": "d" }, "spec": { "replicas": 3 } });
    let (code, refused) = apply(&cluster, &format!("{DEPLOYMENTS}/d/scale?fieldManager=h"), &scale).await;
    assert_eq!(
        (code, &refused["message"]),
        (409, &json!("Apply failed with 1 conflict: conflict with \"a\": .spec.replicas"))
    );
    let (code, scaled) = apply(&cluster, &format!("{DEPLOYMENTS}/d/scale?fieldManager=h&force=true"), &scale).await;
    assert_eq!((code, &scaled["spec"]["replicas"]), (200, &json!(3)), "{scaled}");
}

#[tokio::test]
async fn apply_refuses_as_upstream_does() {
    let cluster = Cluster::start().await;
    let path = format!("{DEPLOYMENTS}/d");
    let named = format!("{path}?fieldManager=a");
    let says = |(code, status): (u16, Value)| format!("{code} {}", status["message"].as_str().unwrap_or_default());
    let with = |at: &str, value: Value| {
        let mut body = deployment(1, "one");
        *body.pointer_mut(at).expect("a place") = value;
        body
    };
    let rows = [
        (
            says(apply(&cluster, &path, &deployment(1, "one")).await),
            "422 PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ),
        (
            says(patch(&cluster, &format!("{path}?force=true"), "application/merge-patch+json", &json!({})).await),
            "422 PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
        ),
        (
            says(patch(&cluster, &path, "application/wrong", &json!({})).await),
            "415 the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
        ),
        (says(apply(&cluster, &named, &with("/kind", "Pod".into())).await), "400 invalid object type: apps/v1, Kind=Pod"),
        (
            says(apply(&cluster, &named, &with("/metadata/name", "e".into())).await),
            "400 the name of the object (e) does not match the name on the URL (d)",
        ),
        (
            says(apply(&cluster, &named, &with("/spec/selector", json!({ "matchLabel": {} }))).await),
            "500 failed to create typed patch object (/d; apps/v1, Kind=Deployment): .spec.selector.matchLabel: field not declared in schema",
        ),
        (
            says(apply(&cluster, &format!("{named}&dryRun=Some&fieldValidation=Lax"), &deployment(1, "one")).await),
            "422 PatchOptions.meta.k8s.io \"\" is invalid: [dryRun: Unsupported value: []string{\"Some\"}: supported values: \"All\", fieldValidation: Unsupported value: \"Lax\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]",
        ),
        (
            says(apply(&cluster, &format!("{path}/status?fieldManager=a"), &deployment(1, "one")).await),
            "404 deployments.apps \"d\" not found",
        ),
        (
            says(apply(&cluster, &named, &with("/metadata", json!({ "name": "d", "uid": "u" }))).await),
            "409 Operation cannot be fulfilled on deployments.apps \"d\": uid mismatch: the provided object specified uid u, and no existing object was found",
        ),
    ];
    for (said, expected) in rows {
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn updates_are_recorded_in_their_makers_name() {
    let cluster = Cluster::start().await;
    let service = json!({ "metadata": { "name": "s", "labels": { "l": "1" } }, "spec": { "ports": [{ "port": 80 }] } });
    let (_, made) = cluster.post(&format!("{SERVICES}?fieldManager=maker"), service).await;
    assert_eq!(owners(&made), ["maker Update v1"]);
    let fields = owned_by(&made, "maker");
    assert_eq!(fields["f:metadata"], json!({ "f:labels": { ".": {}, "f:l": {} } }));
    assert_eq!(fields["f:spec"]["f:ports"]["k:{\"port\":80,\"protocol\":\"TCP\"}"][".".to_owned()], json!({}));
    assert!(fields["f:spec"].get("f:clusterIP").is_none(), "what the server gives out is nobody's: {fields}");

    let labels = json!({ "metadata": { "labels": { "l": "2" } } });
    let (_, changed) = patch(&cluster, &format!("{SERVICES}/s"), "application/merge-patch+json", &labels).await;
    assert_eq!(owners(&changed), ["maker Update v1", "tester Update v1"]);
    assert_eq!(owned_by(&changed, "tester"), json!({ "f:metadata": { "f:labels": { "f:l": {} } } }));
    let (_, same) =
        patch(&cluster, &format!("{SERVICES}/s?fieldManager=nobody"), "application/merge-patch+json", &labels).await;
    assert_eq!(same, changed, "no change, no record, no revision");
    let reset = json!([{ "op": "replace", "path": "/metadata/managedFields", "value": [{}] }]);
    let (code, bare) = patch(&cluster, &format!("{SERVICES}/s"), "application/json-patch+json", &reset).await;
    assert_eq!((code, owners(&bare).len()), (200, 0), "{bare}");
}

#[tokio::test]
async fn a_version_sees_its_own_fields() {
    let cluster = Cluster::start().await;
    let old = "/apis/extensions/v1beta1/namespaces/default/deployments/d?fieldManager=old";
    let mut config = deployment(1, "one");
    config["apiVersion"] = "extensions/v1beta1".into();
    let (code, made) = apply(&cluster, old, &config).await;
    assert_eq!((code, owners(&made)), (201, vec!["old Apply extensions/v1beta1".to_owned()]), "{made}");
    let (code, refused) = apply(&cluster, &format!("{DEPLOYMENTS}/d?fieldManager=new"), &deployment(2, "one")).await;
    assert_eq!(
        (code, &refused["message"]),
        (409, &json!("Apply failed with 1 conflict: conflict with \"old\": .spec.replicas"))
    );
    // the same manager in another version is the same manager
    let (code, changed) = apply(&cluster, &format!("{DEPLOYMENTS}/d?fieldManager=old"), &deployment(2, "one")).await;
    assert_eq!((code, owners(&changed)), (200, vec!["old Apply apps/v1".to_owned()]), "{changed}");
}

#[tokio::test]
async fn fields_are_validated_in_upstreams_words() {
    let cluster = Cluster::start().await;
    let says = |(code, status): (u16, Value)| format!("{code} {}", status["message"].as_str().unwrap_or_default());
    cluster.post(DEPLOYMENTS, deployment(1, "one")).await;
    let path = format!("{DEPLOYMENTS}/d?fieldValidation=Strict");
    let strategic = "application/strategic-merge-patch+json";
    let said = says(patch(&cluster, &path, strategic, &json!({ "metadata": { "foo": 1 } })).await);
    assert_eq!(
        said,
        "422  \"\" is invalid: patch: Invalid value: \"map[metadata:map[foo:1]]\": strict decoding error: unknown field \"metadata.foo\""
    );
    let unknown = json!([{ "op": "add", "path": "/spec/foo", "value": 1, "extra": true }]);
    let said = says(patch(&cluster, &path, "application/json-patch+json", &unknown).await);
    assert!(
        said.ends_with("strict decoding error: json patch unknown field \"[0].extra\", unknown field \"spec.foo\""),
        "{said}"
    );
    let request = |content_type: &str, body: &str| {
        let request = Request::post(path.replace("/d?", "?")).header("content-type", content_type);
        request.body(Body::from(body.to_owned())).expect("a request")
    };
    let said = async |content_type: &str, body: &str| {
        harness::json(cluster.send(request(content_type, body)).await).await["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let twice = r#"{"metadata":{"name":"e","name":"e"},"spec":{"foo":1,"replicas":1,"replicas":2}}"#;
    assert_eq!(
        said("application/json", twice).await,
        "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: duplicate field \"metadata.name\", unknown field \"spec.foo\", duplicate field \"spec.replicas\""
    );
    let twice = "metadata:\n  name: e\nspec:\n  replicas: 1\n  replicas: 2\n";
    assert_eq!(
        said("application/yaml", twice).await,
        "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: yaml: unmarshal errors:\n  line 5: key \"replicas\" already set in map"
    );
    // as a warning it is said line by line, and owners named twice are named once
    let owner = json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u" });
    let owned = json!({ "metadata": { "name": "w", "ownerReferences": [owner, owner] }, "dat": {} });
    let request = Request::post("/api/v1/namespaces/default/configmaps").header("content-type", "application/json");
    let response = cluster.send(request.body(Body::from(owned.to_string())).expect("a request")).await;
    let warnings: Vec<String> =
        response.headers().get_all("warning").iter().filter_map(|w| w.to_str().ok()).map(str::to_owned).collect();
    assert_eq!(
        warnings,
        [
            r#"299 - "unknown field \"dat\"""#,
            r#"299 - ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u""#,
        ]
    );
    assert_eq!(harness::json(response).await["metadata"]["ownerReferences"], json!([owner]));
    assert_eq!(
        said("application/json", "{\"a\": tru}").await,
        "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: invalid character '}' in literal true (expecting 'e') ({\"a\": tru})"
    );
    assert!(
        said("application/json", "[]")
            .await
            .contains("json: cannot unmarshal array into Go value of type struct { APIVersion string"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn custom_kinds_are_applied_by_their_own_schema() {
    let cluster = Cluster::start().await;
    let ports = json!({
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": { "type": "object", "required": ["port"], "properties": {
            "port": { "type": "integer" }, "protocol": { "type": "string", "default": "TCP" }, "note": { "type": "string" },
        } },
    });
    let schema = json!({ "type": "object", "properties": { "spec": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": { "size": { "type": "integer" }, "ports": ports },
    } } });
    let definition = json!({
        "metadata": { "name": "boats.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": { "plural": "boats", "kind": "Boat" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    });
    let (code, made) = cluster.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition).await;
    assert_eq!(code, 201, "{made}");
    let served = async {
        while cluster.get("/apis/example.com/v1/namespaces/default/boats").await.0 != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), served).await.expect("the kind is served");

    let boats = "/apis/example.com/v1/namespaces/default/boats";
    let boat =
        |spec: Value| json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": { "name": "b" }, "spec": spec });
    let path = |manager: &str| format!("{boats}/b?fieldManager={manager}");
    let (code, made) =
        apply(&cluster, &path("a"), &boat(json!({ "size": 1, "ports": [{ "port": 80 }], "extra": { "x": [1] } }))).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(
        owned_by(&made, "a")["f:spec"],
        json!({
            "f:size": {}, "f:extra": { ".": {}, "f:x": {} },
            "f:ports": { "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:port": {} } },
        })
    );
    let (code, both) =
        apply(&cluster, &path("b"), &boat(json!({ "ports": [{ "port": 80, "note": "n" }, { "port": 81 }] }))).await;
    assert_eq!((code, both["spec"]["ports"].as_array().map(Vec::len)), (200, Some(2)), "{both}");
    let (code, refused) = apply(&cluster, &path("b"), &boat(json!({ "size": 2 }))).await;
    assert_eq!((code, &refused["message"]), (409, &json!("Apply failed with 1 conflict: conflict with \"a\": .spec.size")));
    let (_, left) = apply(&cluster, &path("a"), &boat(json!({ "size": 3 }))).await;
    assert!(left["spec"].get("extra").is_none(), "{left}");
    assert_eq!(left["spec"]["ports"][0], json!({ "port": 80, "protocol": "TCP", "note": "n" }));
    let (code, refused) = apply(&cluster, &path("a"), &boat(json!({ "size": "big" }))).await;
    assert_eq!(
        (code, &refused["message"]),
        (
            500,
            &json!(
                "failed to create typed patch object (/b; example.com/v1, Kind=Boat): .spec.size: expected numeric (int or float), got string"
            ),
        )
    );
    // the zero value of what is no struct of Go has no fields
    let (_, posted) = cluster
        .post(&format!("{boats}?fieldManager=p"), {
            let mut other = boat(json!({ "size": 1 }));
            other["metadata"]["name"] = "c".into();
            other
        })
        .await;
    assert_eq!(owned_by(&posted, "p"), json!({ "f:spec": { ".": {}, "f:size": {} } }));
    let (code, refused) = patch(&cluster, &format!("{boats}/c"), "application/strategic-merge-patch+json", &json!({})).await;
    assert_eq!(code, 415);
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|said| said
                .ends_with("application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_watched_table_says_its_columns_once() {
    let cluster = Cluster::start().await;
    for name in ["a", "b"] {
        cluster.post("/api/v1/namespaces/default/configmaps", json!({ "metadata": { "name": name } })).await;
    }
    let request = Request::get("/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1");
    let request = request.header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io").body(Body::empty());
    let bytes =
        axum::body::to_bytes(cluster.send(request.expect("a request")).await.into_body(), 1 << 20).await.expect("a body");
    let events = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let columns: Vec<bool> = events
        .map(|line| serde_json::from_slice::<Value>(line).expect("an event")["object"]["columnDefinitions"].is_array())
        .collect();
    assert_eq!(columns, [true, false]);
}
