//! What a namespace may hold is kept, also by controllers; what a webhook in the cluster or a policy says happens.

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{
    controllers::IMAGE,
    harness::{Cluster, PATIENCE},
};

#[test]
fn a_quota_holds_for_controllers_too_and_says_what_is_used() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    cluster.kubectl(&["create", "quota", "small", "--hard=pods=3,requests.cpu=1,configmaps=3,count/deployments.apps=1"]);
    let range = "
apiVersion: v1
kind: LimitRange
metadata: { name: usual }
spec: { limits: [{ type: Container, defaultRequest: { cpu: 100m }, default: { cpu: 200m }, max: { cpu: 500m } }] }
";
    cluster.apply("create", range);
    let deployment = format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: 5
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ terminationGracePeriodSeconds: 0, containers: [{{ name: hello, image: {IMAGE} }}] }}
"
    );
    cluster.apply("create", &deployment);
    let used = [
        "get",
        "quota",
        "small",
        "-o",
        "jsonpath={.status.used.pods} {.status.used.requests\\.cpu} {.status.used.count/deployments\\.apps}",
    ];
    cluster.eventually(&used, |printed| printed == "3 300m 1");
    let why = [
        "get",
        "rs",
        "-l",
        "app=web",
        "-o",
        "jsonpath={.items[0].status.conditions[?(@.type==\"ReplicaFailure\")].message}",
    ];
    let message = cluster.eventually(&why, |printed| !printed.is_empty());
    assert!(message.contains("exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3"), "{message}");
    assert_eq!(cluster.pods("app=web").len(), 3);
    let other = deployment.replace("name: web", "name: other");
    let file = cluster.directory().join("other.yaml");
    std::fs::write(&file, other).expect("a file");
    let refused = cluster.refused(&["create", "-f", file.to_str().expect("UTF-8")]);
    assert!(refused.contains("exceeded quota: small, requested: count/deployments.apps=1"), "{refused}");
    // What goes makes room for what waits.
    cluster.kubectl(&["scale", "deploy/web", "--replicas=1"]);
    cluster.eventually(&used, |printed| printed == "1 100m 1");
    let described = cluster.kubectl(&["describe", "quota", "small"]);
    assert!(described.contains("pods") && described.contains("requests.cpu"), "{described}");
}

#[test]
fn a_policy_decides_and_is_told_what_is_wrong_with_it() {
    let Some(cluster) = Cluster::start() else { return };
    let policy = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: replicas }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments] }]
  validations:
  - { expression: object.spec.replicas <= 2, message: at most two }
  - { expression: \"object.spec.replicas > '1'\" }
  failurePolicy: Ignore
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: replicas }
spec: { policyName: replicas, validationActions: [Deny] }
";
    cluster.apply("create", policy);
    let checked = [
        "get",
        "validatingadmissionpolicy",
        "replicas",
        "-o",
        "jsonpath={.status.typeChecking.expressionWarnings[0].fieldRef} {.status.typeChecking.expressionWarnings[0].warning}",
    ];
    let warnings = cluster.eventually(&checked, |printed| !printed.trim().is_empty());
    assert!(warnings.contains("spec.validations[1].expression"), "{warnings}");
    assert!(warnings.contains("found no matching overload for '_>_' applied to '(int, string)'"), "{warnings}");
    cluster.kubectl(&["create", "deployment", "two", "--image=example/none", "--replicas=2"]);
    let refused = cluster.refused(&["create", "deployment", "three", "--image=example/none", "--replicas=3"]);
    let words = "ValidatingAdmissionPolicy 'replicas' with binding 'replicas' denied request: at most two";
    assert!(refused.contains(words), "{refused}");
}

/// A webhook behind a Service: its endpoint is a server of this test, on the machine's loopback.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_behind_a_service_is_asked() {
    let Some(cluster) = Cluster::start() else { return };
    let key = rcgen::generate_simple_self_signed(vec!["hook.default.svc".to_owned()]).expect("a certificate");
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![key.cert.der().clone()], private);
    let tls = TlsAcceptor::from(Arc::new(config.expect("a configuration")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(stream) = tls.accept(socket).await {
                serve(stream).await;
            }
        }
    });
    let authority = STANDARD.encode(key.cert.pem());
    let manifest = format!(
        "
apiVersion: v1
kind: Service
metadata: {{ name: hook }}
spec: {{ ports: [{{ port: 443, targetPort: {port} }}] }}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{ name: hook-1, labels: {{ kubernetes.io/service-name: hook }} }}
addressType: IPv4
endpoints: [{{ addresses: [10.42.0.2], conditions: {{ ready: true }} }}]
ports: [{{ port: {port}, protocol: TCP }}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{ name: hook }}
webhooks:
- name: deny.example.com
  clientConfig: {{ service: {{ name: hook, namespace: default, path: /deny }}, caBundle: {authority} }}
  rules: [{{ apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }}]
  objectSelector: {{ matchLabels: {{ asked: \"yes\" }} }}
  sideEffects: None
  admissionReviewVersions: [v1]
"
    );
    let refused = tokio::task::spawn_blocking(move || {
        cluster.apply("create", &manifest);
        cluster.kubectl(&["create", "configmap", "free"]);
        let asked = cluster.directory().join("asked.yaml");
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: asked, labels: { asked: \"yes\" } }\n";
        std::fs::write(&asked, map).expect("a file");
        let path = asked.to_str().expect("UTF-8").to_owned();
        // The proxy learns of the Service a moment after it is written; until then the webhook cannot be called.
        let began = Instant::now();
        loop {
            let said = cluster.refused(&["create", "-f", &path]);
            if !said.contains("failed calling webhook") || began.elapsed() > PATIENCE {
                return said;
            }
        }
    });
    let refused = refused.await.expect("the cluster's side");
    assert!(refused.contains("admission webhook \"deny.example.com\" denied the request: not today"), "{refused}");
    server.abort();
}

/// Answers every review on one connection with the same refusal.
async fn serve(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("a body");
        let review: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(review["request"]["object"]["metadata"]["name"], "asked");
        let response =
            serde_json::json!({ "uid": review["request"]["uid"], "allowed": false, "status": { "message": "not today" } });
        let answer =
            serde_json::json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
                .to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all(head.as_bytes()).await.expect("an answer");
        stream.write_all(answer.as_bytes()).await.expect("an answer");
        stream.flush().await.expect("an answer");
    }
}
