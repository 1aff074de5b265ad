//! Webhooks: a real TLS server is asked about writes, and what it says happens.

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::harness::Cluster;

type Decide = fn(&str, &Value) -> Value;

/// A webhook server: answers by path, and remembers what it was asked.
struct Webhook {
    address: SocketAddr,
    authority: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Webhook {
    async fn start(decide: Decide) -> Self {
        let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "hook.default.svc".to_owned()])
            .expect("a webhook server");
        let certificate = key.cert.der().clone();
        let private = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a webhook server");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("a webhook server")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private)
            .expect("a webhook server");
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a webhook server");
        let (address, stop, tasks) =
            (listener.local_addr().expect("a webhook server"), CancellationToken::new(), TaskTracker::new());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (until, connections, log) = (stop.clone(), tasks.clone(), asked.clone());
        tasks.spawn(async move {
            while let Some(Ok((socket, _))) = until.run_until_cancelled(listener.accept()).await {
                let (tls, log, until) = (tls.clone(), log.clone(), until.clone());
                connections.spawn(async move {
                    let Ok(stream) = tls.accept(socket).await else { return };
                    let service = service_fn(move |request| answer(request, decide, log.clone()));
                    let connection =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    let _ = until.run_until_cancelled(connection).await;
                });
            }
        });
        tasks.close();
        Self { address, authority: STANDARD.encode(key.cert.pem()), asked, stop, tasks }
    }

    /// One webhook of a configuration, with what the test adds.
    fn webhook(&self, name: &str, more: Value) -> Value {
        let url = format!("https://localhost:{}/{name}", self.address.port());
        let mut webhook = json!({
            "name": format!("{name}.example.com"), "clientConfig": { "url": url, "caBundle": self.authority },
            "rules": [{ "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"] }],
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
        });
        for (key, value) in more.as_object().expect("a webhook server") {
            webhook[key] = value.clone();
        }
        webhook
    }

    fn paths(&self) -> Vec<String> {
        self.asked.lock().drain(..).map(|(path, _)| path).collect()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

async fn answer(
    request: Request<Incoming>,
    decide: Decide,
    log: Arc<Mutex<Vec<(String, Value)>>>,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let body = request.into_body().collect().await.expect("a webhook server").to_bytes();
    let review: Value = serde_json::from_slice(&body).expect("a webhook server");
    log.lock().push((path.clone(), review["request"].clone()));
    let mut response = decide(&path, &review["request"]);
    if path == "slow" {
        std::future::pending::<()>().await;
    }
    if response["uid"].is_null() {
        response["uid"] = review["request"]["uid"].clone();
    }
    let answer = json!({ "apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response });
    Ok(Response::new(Full::from(answer.to_string())))
}

fn patch(operations: Value) -> Value {
    json!({ "allowed": true, "patchType": "JSONPatch", "patch": STANDARD.encode(operations.to_string()) })
}

async fn configure(cluster: &Cluster, plural: &str, name: &str, webhooks: Value) {
    let kind = if plural.starts_with('m') { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" };
    let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
    let body = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": name }, "webhooks": webhooks,
    });
    let (code, answer) = cluster.post(&path, body).await;
    assert_eq!(code, 201, "{answer}");
}

const MUTATING: &str = "mutatingwebhookconfigurations";
const VALIDATING: &str = "validatingwebhookconfigurations";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "a": "1" } })
}

#[tokio::test]
async fn changes_are_made_in_order_and_again_if_needed() {
    let cluster = Cluster::start().await;
    let hooks = Webhook::start(|path, request| match path {
        // Adds what `last` waits for; what no schema knows is dropped.
        "first" => patch(
            json!([{ "op": "add", "path": "/data/first", "value": "yes" }, { "op": "add", "path": "/bogus", "value": 1 }]),
        ),
        "second" if request["object"]["data"]["first"] == "yes" => {
            patch(json!([{ "op": "add", "path": "/data/second", "value": "yes" }]))
        }
        _ => json!({ "allowed": true, "warnings": ["seen by example"] }),
    })
    .await;
    let again = json!({ "reinvocationPolicy": "IfNeeded" });
    configure(&cluster, MUTATING, "b", json!([hooks.webhook("second", json!({}))])).await;
    configure(&cluster, MUTATING, "a", json!([hooks.webhook("zero", again), hooks.webhook("first", json!({}))])).await;
    let (code, made) = cluster.post(MAPS, map("m")).await;
    assert_eq!((code, &made["data"]), (201, &json!({ "a": "1", "first": "yes", "second": "yes" })), "{made}");
    assert!(made["bogus"].is_null());
    assert_eq!(hooks.paths(), ["zero", "first", "second", "zero"]);
    // Other kinds, other operations and the configurations themselves are nobody's business.
    let (code, _) = cluster.call(Method::DELETE, &format!("{MAPS}/m"), &Value::Null).await;
    assert_eq!((code, hooks.paths()), (200, Vec::new()));
    hooks.stop().await;
}

#[tokio::test]
async fn a_refusal_is_passed_on() {
    let cluster = Cluster::start().await;
    let hooks = Webhook::start(|_, request| match request["object"]["metadata"]["name"].as_str() {
        Some("code") => {
            json!({ "allowed": false, "status": { "code": 418, "reason": "Teapot", "message": "short and stout" } })
        }
        Some("plain") => json!({ "allowed": false }),
        _ => json!({ "allowed": request["oldObject"]["metadata"]["name"].is_null(), "status": { "message": "it stays" } }),
    })
    .await;
    let rules = json!([{ "operations": ["CREATE", "DELETE"], "apiGroups": [""], "apiVersions": ["*"], "resources": ["*"] }]);
    let conditions = json!([{ "name": "not-nodes", "expression": "!request.userInfo.groups.exists(g, g == 'system:nodes')" },
        { "name": "maps", "expression": "request.resource.resource == 'configmaps' && (object == null || object.metadata.name != 'free')" }]);
    let more = json!({ "rules": rules, "matchConditions": conditions });
    configure(&cluster, VALIDATING, "v", json!([hooks.webhook("deny", more)])).await;
    let cases = [
        ("code", 418, "Teapot", "admission webhook \"deny.example.com\" denied the request: short and stout"),
        ("plain", 400, "", "admission webhook \"deny.example.com\" denied the request without explanation"),
    ];
    for (name, code, reason, message) in cases {
        let (got, status) = cluster.post(MAPS, map(name)).await;
        assert_eq!((got, status["message"].as_str()), (code, Some(message)), "{status}");
        assert_eq!(status["reason"].as_str().unwrap_or_default(), reason);
    }
    assert_eq!(hooks.paths().len(), 2);
    for name in ["free", "kept"] {
        assert_eq!(cluster.post(MAPS, map(name)).await.0, 201);
    }
    assert_eq!(hooks.paths(), ["deny"], "a match condition spared `free`");
    let (code, status) = cluster.call(Method::DELETE, MAPS, &Value::Null).await;
    assert_eq!(
        (code, status["message"].as_str()),
        (400, Some("admission webhook \"deny.example.com\" denied the request: it stays"))
    );
    let asked = hooks.asked.lock().clone();
    let (_, request) = asked.iter().find(|(_, request)| request["operation"] == "DELETE").unwrap();
    assert_eq!((&request["object"], &request["options"]["kind"]), (&Value::Null, &json!("DeleteOptions")));
    assert_eq!((&request["name"], &request["oldObject"]["data"]["a"]), (&json!("free"), &json!("1")));
    hooks.stop().await;
}

#[tokio::test]
async fn who_cannot_be_asked_fails_as_the_policy_says() {
    let cluster = Cluster::start().await;
    let hooks = Webhook::start(|path, _| match path {
        "liar" => json!({ "uid": "other", "allowed": true }),
        _ => json!({ "allowed": true }),
    })
    .await;
    let port = hooks.address.port();
    let gone = json!({ "clientConfig": { "service": { "name": "gone", "namespace": "default", "port": 443, "path": "/x" }, "caBundle": hooks.authority } });
    let stranger = json!({ "clientConfig": { "url": format!("https://localhost:{port}/x") } });
    let cases = [
        (
            "slow",
            json!({ "timeoutSeconds": 1 }),
            format!("failed to call webhook: Post \"https://localhost:{port}/slow?timeout=1s\": context deadline exceeded"),
        ),
        (
            "gone",
            gone,
            "failed to call webhook: Post \"https://gone.default.svc:443/x?timeout=10s\": service \"gone\" not found"
                .to_owned(),
        ),
        (
            "stranger",
            stranger,
            format!(
                "failed to call webhook: Post \"https://localhost:{port}/x?timeout=10s\": tls: failed to verify certificate: x509: certificate signed by unknown authority"
            ),
        ),
        ("liar", json!({}), "received invalid webhook response: expected response.uid=".to_owned()),
    ];
    for (name, more, message) in cases {
        configure(&cluster, VALIDATING, name, json!([hooks.webhook(name, more)])).await;
        let (code, status) = cluster.post(MAPS, map(name)).await;
        let expected = format!("Internal error occurred: failed calling webhook \"{name}.example.com\": {message}");
        assert!(code == 500 && status["message"].as_str().unwrap().starts_with(&expected), "{status}");
        let path = format!("/apis/admissionregistration.k8s.io/v1/{VALIDATING}/{name}");
        let open = json!({ "webhooks": [hooks.webhook("gone", json!({ "failurePolicy": "Ignore", "clientConfig": { "url": "https://localhost:1/" } }))] });
        assert_eq!(cluster.call(Method::PATCH, &path, &open).await.0, 200);
        assert_eq!(cluster.post(MAPS, map(name)).await.0, 201, "what fails open lets pass");
        assert_eq!(cluster.call(Method::DELETE, &path, &Value::Null).await.0, 200);
    }
    hooks.stop().await;
}

#[tokio::test]
async fn selectors_subresources_and_versions() {
    let cluster = Cluster::start().await;
    let hooks = Webhook::start(|path, request| {
        let allowed =
            path != "equivalent" || (request["kind"]["version"] == "v1" && request["requestKind"]["version"] == "v1beta1");
        json!({ "allowed": allowed })
    })
    .await;
    let label = json!({ "matchLabels": { "asked": "yes" } });
    let rule = |group: &str, resource: &str, operation: &str| json!([{ "operations": [operation], "apiGroups": [group], "apiVersions": ["v1"], "resources": [resource] }]);
    let webhooks = json!([
        hooks.webhook("object", json!({ "objectSelector": label })),
        hooks.webhook("namespace", json!({ "namespaceSelector": label })),
        hooks.webhook("scale", json!({ "rules": rule("apps", "deployments/scale", "UPDATE") })),
        hooks.webhook("equivalent", json!({ "rules": rule("apps", "deployments", "CREATE") })),
        hooks.webhook("exact", json!({ "rules": rule("apps", "deployments", "CREATE"), "matchPolicy": "Exact" })),
        hooks.webhook("binding", json!({ "rules": rule("", "pods/binding", "CREATE") })),
        hooks.webhook("attach", json!({ "rules": rule("", "pods/attach", "CONNECT") })),
    ]);
    configure(&cluster, VALIDATING, "v", webhooks).await;
    let mut labelled = map("labelled");
    labelled["metadata"]["labels"] = json!({ "asked": "yes" });
    let namespace = json!({ "metadata": { "name": "chosen", "labels": { "asked": "yes" } } });
    assert_eq!(cluster.post("/api/v1/namespaces", namespace).await.0, 201);
    let deployment = json!({ "apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": { "name": "d" },
        "spec": { "template": { "metadata": { "labels": { "a": "b" } }, "spec": { "containers": [{ "name": "c", "image": "i" }] } } } });
    let steps: [(Method, &str, Value, &[&str]); 5] = [
        (Method::POST, MAPS, map("plain"), &[]),
        (Method::POST, MAPS, labelled, &["object"]),
        (Method::POST, "/api/v1/namespaces/chosen/configmaps", map("m"), &["namespace"]),
        (Method::POST, "/apis/extensions/v1beta1/namespaces/default/deployments", deployment, &["equivalent"]),
        (
            Method::PATCH,
            "/apis/apps/v1/namespaces/default/deployments/d/scale",
            json!({ "spec": { "replicas": 2 } }),
            &["scale"],
        ),
    ];
    for (method, path, body, expected) in steps {
        let (code, answer) = cluster.call(method, path, &body).await;
        assert!(code < 300, "{path}: {answer}");
        let asked = hooks.asked.lock().clone();
        assert_eq!(hooks.paths(), expected, "{path}");
        if let Some((_, request)) = asked.iter().find(|(path, _)| path == "scale") {
            assert_eq!((&request["kind"]["kind"], &request["object"]["spec"]["replicas"]), (&json!("Scale"), &json!(2)));
            assert_eq!((&request["subResource"], &request["oldObject"]["spec"]["replicas"]), (&json!("scale"), &json!(1)));
        }
    }
    hooks.stop().await;
}

/// `pkg/apis/admissionregistration/validation/validation_test.go`.
#[tokio::test]
async fn configurations_are_defaulted_and_judged() {
    let cluster = Cluster::start().await;
    let path = format!("/apis/admissionregistration.k8s.io/v1/{MUTATING}");
    let webhook = json!({ "name": "a.b.c", "clientConfig": { "service": { "name": "s", "namespace": "n" } }, "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "rules": [{ "operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"] }] });
    let (code, made) = cluster.post(&path, json!({ "metadata": { "name": "good" }, "webhooks": [webhook] })).await;
    assert_eq!(code, 201, "{made}");
    let made = &made["webhooks"][0];
    let defaults = json!([
        made["failurePolicy"],
        made["matchPolicy"],
        made["reinvocationPolicy"],
        made["timeoutSeconds"],
        made["rules"][0]["scope"],
        made["clientConfig"]["service"]["port"],
        made["objectSelector"]
    ]);
    assert_eq!(defaults, json!(["Fail", "Equivalent", "Never", 10, "*", 443, {}]));
    let cases = [
        (
            json!({ "name": "k8s.io" }),
            "webhooks[0].name: Invalid value: \"k8s.io\": should be a domain with at least three segments separated by dots",
        ),
        (
            json!({ "timeoutSeconds": 31 }),
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ),
        (
            json!({ "sideEffects": "Some" }),
            "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
        ),
        (
            json!({ "clientConfig": {} }),
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
        ),
        (
            json!({ "clientConfig": { "url": "http://a.b/c" } }),
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
        ),
        (
            json!({ "admissionReviewVersions": ["v2"] }),
            "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
        ),
        (
            json!({ "rules": [{ "operations": ["CREATE"], "apiGroups": ["a"], "apiVersions": ["a"], "resources": ["*/*", "a"] }] }),
            "webhooks[0].rules[0].resources: Invalid value: [\"*/*\",\"a\"]: if '*/*' is present, must not specify other resources",
        ),
        (
            json!({ "matchConditions": [{ "name": "x", "expression": "wrong.thing" }] }),
            "webhooks[0].matchConditions[0].expression: Invalid value: \"wrong.thing\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'wrong' (in container '')",
        ),
    ];
    for (change, expected) in cases {
        let mut wrong = webhook.clone();
        change.as_object().unwrap().iter().for_each(|(key, value)| wrong[key] = value.clone());
        let (code, status) = cluster.post(&path, json!({ "metadata": { "name": "bad" }, "webhooks": [wrong] })).await;
        assert!(code == 422 && status["message"].as_str().unwrap().contains(expected), "{status}");
    }
}

/// Custom kinds are kinds: changed, pruned, defaulted and counted like any, under whichever version they come in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn custom_resources_too() {
    let cluster = Cluster::start().await;
    let hooks = Webhook::start(|_, request| {
        assert_eq!(request["object"]["apiVersion"], "example.com/v1", "the version of the rule");
        patch(json!([{ "op": "add", "path": "/spec/port", "value": "iolcus" }, { "op": "add", "path": "/spec/bogus", "value": 1 }]))
    })
    .await;
    let schema = json!({ "type": "object", "properties": { "spec": { "type": "object", "properties": {
        "masts": { "type": "integer", "default": 2 }, "port": { "type": "string" },
    } } } });
    let version = |name: &str, storage: bool| json!({ "name": name, "served": true, "storage": storage, "schema": { "openAPIV3Schema": schema } });
    let definition = json!({ "metadata": { "name": "ships.example.com" }, "spec": {
        "group": "example.com", "scope": "Namespaced", "names": { "plural": "ships", "kind": "Ship" },
        "versions": [version("v1", true), version("v2", false)],
    } });
    let (code, answer) = cluster.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition).await;
    assert_eq!(code, 201, "{answer}");
    tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while cluster.get("/apis/example.com/v2").await.0 != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the definition is served");
    let rules =
        json!([{ "operations": ["CREATE"], "apiGroups": ["example.com"], "apiVersions": ["v1"], "resources": ["ships"] }]);
    configure(&cluster, MUTATING, "m", json!([hooks.webhook("ships", json!({ "rules": rules }))])).await;
    let quota = json!({ "metadata": { "name": "q" }, "spec": { "hard": { "count/ships.example.com": "2" } } });
    assert_eq!(cluster.post("/api/v1/namespaces/default/resourcequotas", quota).await.0, 201);
    let ship = |name: &str, version: &str| json!({ "apiVersion": format!("example.com/{version}"), "kind": "Ship", "metadata": { "name": name }, "spec": {} });
    for version in ["v1", "v2"] {
        let (code, made) =
            cluster.post(&format!("/apis/example.com/{version}/namespaces/default/ships"), ship(version, version)).await;
        assert_eq!((code, &made["spec"]), (201, &json!({ "masts": 2, "port": "iolcus" })), "{made}");
        assert_eq!(made["apiVersion"], format!("example.com/{version}"));
    }
    let (code, status) = cluster.post("/apis/example.com/v2/namespaces/default/ships", ship("third", "v2")).await;
    let words = "ships.example.com \"third\" is forbidden: exceeded quota: q, requested: count/ships.example.com=1, used: count/ships.example.com=2, limited: count/ships.example.com=2";
    assert_eq!((code, status["message"].as_str()), (403, Some(words)));
    hooks.stop().await;
}
