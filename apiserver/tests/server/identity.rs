//! Who speaks, and for whom: tokens, impersonation, requests for certificates.

use api::Identity;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Cluster, json};

const ACCOUNT: &str = "/api/v1/namespaces/default/serviceaccounts/robot";
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

async fn with_account() -> Cluster {
    let cluster = Cluster::start().await;
    let (code, made) =
        cluster.post("/api/v1/namespaces/default/serviceaccounts", json!({ "metadata": { "name": "robot" } })).await;
    assert_eq!(code, 201, "{made}");
    cluster
}

/// What `whoami` says to a master who sends these headers.
async fn whoami(cluster: &Cluster, identity: Identity, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/apis/authentication.k8s.io/v1/selfsubjectreviews")
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" }).to_string();
    let request = request.body(Body::from(body)).expect("a request");
    let response = cluster.server.service(identity).oneshot(request).await.expect("an answer");
    let code = response.status().as_u16();
    (code, json(response).await)
}

#[tokio::test]
async fn a_token_is_for_its_audience() {
    let cluster = with_account().await;
    let asked = json!({ "spec": { "audiences": ["vault", "bank"], "expirationSeconds": 600 } });
    let (code, answer) = cluster.post(&format!("{ACCOUNT}/token"), asked).await;
    assert_eq!(code, 201, "{answer}");
    let token = &answer["status"]["token"];
    let (_, other) = cluster.post(REVIEWS, json!({ "spec": { "token": token } })).await;
    let error = other["status"]["error"].as_str().unwrap_or_default();
    assert!(error.contains("token audiences [vault bank] is invalid for the target audiences [https://"), "{other}");
    let review = json!({ "spec": { "token": token, "audiences": ["bank", "shop"] } });
    let (_, known) = cluster.post(REVIEWS, review).await;
    assert_eq!(known["status"]["audiences"], json!(["bank"]), "{known}");
    assert_eq!(known["status"]["user"]["username"], "system:serviceaccount:default:robot");
}

#[tokio::test]
async fn a_token_is_refused_in_upstreams_words() {
    let cluster = with_account().await;
    let cases = [
        (
            json!({ "expirationSeconds": 599 }),
            422,
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
        ),
        (
            json!({ "boundObjectRef": { "kind": "ConfigMap", "apiVersion": "v1", "name": "c" } }),
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap",
        ),
        (json!({ "boundObjectRef": { "kind": "Pod", "apiVersion": "v1", "name": "p" } }), 404, "pods \"p\" not found"),
    ];
    for (spec, code, message) in cases {
        let (got, refused) = cluster.post(&format!("{ACCOUNT}/token"), json!({ "spec": spec })).await;
        assert_eq!((got, refused["message"].as_str()), (code, Some(message)), "{spec}");
    }
    let (code, refused) = cluster.post(REVIEWS, json!({ "spec": {} })).await;
    assert_eq!((code, &refused["message"]), (400, &json!("token is required for TokenReview in authentication")));
}

#[tokio::test]
async fn a_token_ends_with_the_secret_or_node_it_is_bound_to() {
    let cluster = with_account().await;
    let secrets = "/api/v1/namespaces/default/secrets";
    cluster.post(secrets, json!({ "metadata": { "name": "x" } })).await;
    cluster.post("/api/v1/nodes", json!({ "metadata": { "name": "x" } })).await;
    for (kind, path) in [("Secret", format!("{secrets}/x")), ("Node", "/api/v1/nodes/x".to_owned())] {
        let bound = json!({ "spec": { "boundObjectRef": { "kind": kind, "apiVersion": "v1", "name": "x" } } });
        let (code, answer) = cluster.post(&format!("{ACCOUNT}/token"), bound).await;
        assert_eq!(code, 201, "{answer}");
        let review = json!({ "spec": { "token": answer["status"]["token"] } });
        let (_, known) = cluster.post(REVIEWS, review.clone()).await;
        assert_eq!(known["status"]["authenticated"], true, "{known}");
        cluster.call(Method::DELETE, &path, &Value::Null).await;
        let (_, unknown) = cluster.post(REVIEWS, review).await;
        assert_eq!(
            unknown["status"]["error"], "[invalid bearer token, service account token has been invalidated]",
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn acting_as_another_is_a_right() {
    let cluster = Cluster::start().await;
    let root = || Identity::new("root", &["system:masters"]);
    let (code, answer) = whoami(&cluster, root(), &[("Impersonate-User", "jo"), ("Impersonate-Group", "dev")]).await;
    let user = &answer["status"]["userInfo"];
    assert_eq!((code, &user["username"]), (201, &json!("jo")), "{answer}");
    assert_eq!(user["groups"], json!(["dev", "system:authenticated"]));
    let (code, answer) = whoami(&cluster, root(), &[("Impersonate-Group", "dev")]).await;
    assert_eq!(code, 500, "{answer}");

    let jo = || Identity::new("jo", &[]);
    let rules = json!([
        { "apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["ann"] }
    ]);
    let group = "/apis/rbac.authorization.k8s.io/v1";
    cluster.post(&format!("{group}/clusterroles"), json!({ "metadata": { "name": "ann" }, "rules": rules })).await;
    let binding = json!({
        "metadata": { "name": "ann" }, "subjects": [{ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jo" }],
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ann" },
    });
    let (code, made) = cluster.post(&format!("{group}/clusterrolebindings"), binding).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(whoami(&cluster, jo(), &[("Impersonate-User", "ann")]).await.0, 201);
    let cases = [
        (
            vec![("Impersonate-User", "root")],
            "users \"root\" is forbidden: User \"jo\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
        ),
        (
            vec![("Impersonate-User", "ann"), ("Impersonate-Group", "system:masters")],
            "groups \"system:masters\" is forbidden: User \"jo\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope",
        ),
        (
            vec![("Impersonate-User", "system:serviceaccount:a:robot")],
            "serviceaccounts \"robot\" is forbidden: User \"jo\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"a\"",
        ),
    ];
    for (headers, message) in cases {
        let (code, refused) = whoami(&cluster, jo(), &headers).await;
        assert_eq!((code, refused["message"].as_str()), (403, Some(message)));
    }
}

#[tokio::test]
async fn a_request_for_a_certificate_is_decided_on_its_own_path() {
    let cluster = Cluster::start().await;
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    // The server looks at the block's name; what is in it is the signer's business.
    let pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUE9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";
    let spec = json!({ "request": pem, "signerName": "example.com/x", "usages": ["client auth"], "username": "root" });
    let (code, made) = cluster.post(path, json!({ "metadata": { "name": "r" }, "spec": spec })).await;
    assert_eq!((code, &made["spec"]["username"]), (201, &json!("system:test")), "{made}");
    let approved = json!({ "status": { "conditions": [{ "type": "Approved", "status": "True", "reason": "x" }] } });
    let one = format!("{path}/r");
    let (code, refused) = cluster.call(Method::PATCH, &format!("{one}/status"), &approved).await;
    assert_eq!(code, 422, "{refused}");
    let words = refused["message"].as_str().unwrap_or_default();
    assert!(words.contains("updates may not add a condition of type \"Approved\""), "{words}");
    let mut with_certificate = approved.clone();
    with_certificate["status"]["certificate"] = "eA==".into();
    let (code, done) = cluster.call(Method::PATCH, &format!("{one}/approval"), &with_certificate).await;
    assert_eq!((code, &done["status"]["certificate"]), (200, &Value::Null), "{done}");
    assert!(done["status"]["conditions"][0]["lastUpdateTime"].is_string(), "{done}");
    let denied = json!({ "status": { "conditions": [
        { "type": "Approved", "status": "True", "reason": "x" }, { "type": "Denied", "status": "True", "reason": "x" }
    ] } });
    assert_eq!(cluster.call(Method::PATCH, &format!("{one}/approval"), &denied).await.0, 422);
}
