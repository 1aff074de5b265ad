//! Policies as expressions, and the standards that namespaces ask of their pods. Messages as in upstream's
//! `staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go`.

use axum::body::Body;
use http::{Method, Request, header::WARNING};
use serde_json::{Value, json};

use crate::harness::{Cluster, json as body_of};

const GROUP: &str = "/apis/admissionregistration.k8s.io";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn create(cluster: &Cluster, path: &str, body: Value) -> Value {
    let (code, made) = cluster.post(path, body).await;
    assert_eq!(code, 201, "{path}: {made}");
    made
}

fn rules(group: &str, resource: &str) -> Value {
    let rule =
        json!({ "apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": ["CREATE", "UPDATE"] });
    json!({ "resourceRules": [rule] })
}

fn map(name: &str, data: Value) -> Value {
    json!({ "metadata": { "name": name }, "data": data })
}

async fn policy(cluster: &Cluster, name: &str, spec: Value, binding: Value) {
    let mut spec = spec;
    if spec["matchConstraints"].is_null() {
        spec["matchConstraints"] = rules("", "configmaps");
    }
    let metadata = json!({ "name": name });
    create(cluster, &format!("{GROUP}/v1/validatingadmissionpolicies"), json!({ "metadata": metadata, "spec": spec })).await;
    let mut spec = json!({ "policyName": name, "validationActions": ["Deny"] });
    for (key, value) in binding.as_object().expect("an object") {
        spec[key] = value.clone();
    }
    create(cluster, &format!("{GROUP}/v1/validatingadmissionpolicybindings"), json!({ "metadata": metadata, "spec": spec }))
        .await;
}

/// The warnings of a POST, and whether it was let in.
async fn warnings(cluster: &Cluster, path: &str, body: Value) -> (u16, Vec<String>) {
    let request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
    let response = cluster.send(request.body(Body::from(body.to_string())).expect("a request")).await;
    let headers = response.headers().get_all(WARNING).iter();
    (response.status().as_u16(), headers.map(|header| header.to_str().expect("text").to_owned()).collect())
}

#[tokio::test]
async fn expressions_decide() {
    let cluster = Cluster::start().await;
    let spec = json!({
        "variables": [{ "name": "size", "expression": "has(object.data) ? size(object.data) : 0" }, { "name": "broken", "expression": "object.nope.nope" }],
        "matchConditions": [{ "name": "not-free", "expression": "object.metadata.name != 'free'" }],
        "validations": [
            { "expression": "variables.size <= 1", "messageExpression": "'too many: ' + string(variables.size)", "reason": "Forbidden" },
            { "expression": "object.metadata.name != 'plain'" },
            { "expression": "object.metadata.name != 'said'", "message": "not this one" },
            { "expression": "object.metadata.name != 'error' || variables.broken == 1" },
            { "expression": "namespaceObject.metadata.name == 'default' && request.operation in ['CREATE', 'UPDATE']" },
        ],
    });
    policy(&cluster, "p", spec, json!({})).await;
    let said = |name: &str, words: &str| {
        format!("configmaps \"{name}\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: {words}")
    };
    let cases = [
        (map("good", json!({ "a": "1" })), 201, "", String::new()),
        (map("free", json!({ "a": "1", "b": "2" })), 201, "", String::new()),
        (map("big", json!({ "a": "1", "b": "2" })), 403, "Forbidden", said("big", "too many: 2")),
        (map("plain", json!({})), 422, "Invalid", said("plain", "failed expression: object.metadata.name != 'plain'")),
        (map("said", json!({})), 422, "Invalid", said("said", "not this one")),
        (
            map("error", json!({})),
            422,
            "Invalid",
            said(
                "error",
                "expression 'object.metadata.name != 'error' || variables.broken == 1' resulted in error: composited variable \"broken\" fails to evaluate: no such key: nope",
            ),
        ),
    ];
    for (object, code, reason, message) in cases {
        let (got, status) = cluster.post(MAPS, object).await;
        assert_eq!(got, code, "{status}");
        if code != 201 {
            assert_eq!((status["message"].as_str(), status["reason"].as_str()), (Some(message.as_str()), Some(reason)));
            assert_eq!(status["details"]["causes"][0]["message"].as_str().map(|cause| message.ends_with(cause)), Some(true));
        }
    }
    let (code, _) = cluster.call(Method::PATCH, &format!("{MAPS}/good"), &json!({ "data": { "b": "2" } })).await;
    assert_eq!(code, 403);
    // Without its binding it says nothing.
    let binding = format!("{GROUP}/v1/validatingadmissionpolicybindings/p");
    assert_eq!(cluster.call(Method::DELETE, &binding, &Value::Null).await.0, 200);
    create(&cluster, MAPS, map("big", json!({ "a": "1", "b": "2" }))).await;
}

#[tokio::test]
async fn expressions_ask_who_may_do_what() {
    let cluster = Cluster::start().await;
    let may = "authorizer.group('').resource('secrets').namespace('default').check('delete').allowed()";
    let account =
        "authorizer.serviceAccount('default', 'nobody').group('apps').resource('deployments').check('create').allowed()";
    let spec = json!({
        "matchConditions": [{ "name": "mine", "expression": "authorizer.requestResource.check('create').allowed()" }],
        "validations": [
            { "expression": may, "message": "may not" },
            { "expression": format!("!{account} && authorizer.path('/healthz').check('get').allowed()"), "message": "nobody may" },
            { "expression": "object.metadata.name != 'x'", "message": "reached" },
        ],
    });
    policy(&cluster, "p", spec, json!({})).await;
    create(&cluster, MAPS, map("y", json!({}))).await;
    let (code, status) = cluster.post(MAPS, map("x", json!({}))).await;
    assert!(code == 422 && status["message"].as_str().expect("words").ends_with("reached"), "{status}");
}

#[tokio::test]
async fn parameters_actions_and_selectors() {
    let cluster = Cluster::start().await;
    create(&cluster, MAPS, map("limits", json!({ "most": "1" }))).await;
    let spec = json!({
        "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" }, "matchConstraints": rules("", "secrets"),
        "validations": [{ "expression": "size(object.data) <= int(params.data.most)", "messageExpression": "'at most ' + params.data.most" }],
    });
    let reference =
        |name: &str, action: &str| json!({ "name": name, "namespace": "default", "parameterNotFoundAction": action });
    policy(&cluster, "params", spec.clone(), json!({ "paramRef": reference("limits", "Deny") })).await;
    policy(&cluster, "missing", spec.clone(), json!({ "paramRef": reference("none", "Allow") })).await;
    let warn = json!({ "validationActions": ["Warn", "Audit"], "matchResources": { "objectSelector": { "matchLabels": { "warn": "yes" } } } });
    policy(
        &cluster,
        "warn",
        json!({ "validations": [{ "expression": "false", "message": "mind" }], "matchConstraints": rules("", "secrets") }),
        warn,
    )
    .await;
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = |name: &str, data: Value| json!({ "metadata": { "name": name }, "data": data });
    create(&cluster, secrets, secret("a", json!({ "a": "" }))).await;
    let (code, status) = cluster.post(secrets, secret("b", json!({ "a": "", "b": "" }))).await;
    assert_eq!(
        (code, status["message"].as_str()),
        (
            422,
            Some(
                "secrets \"b\" is forbidden: ValidatingAdmissionPolicy 'params' with binding 'params' denied request: at most 1"
            )
        )
    );
    let mut labelled = secret("w", json!({ "a": "" }));
    labelled["metadata"]["labels"] = json!({ "warn": "yes" });
    let expected = "299 - \"Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'warn': mind\"";
    assert_eq!(warnings(&cluster, secrets, labelled).await, (201, vec![expected.to_owned()]));
    policy(&cluster, "strict", spec, json!({ "paramRef": reference("none", "Deny") })).await;
    let (code, status) = cluster.post(secrets, secret("c", json!({ "a": "" }))).await;
    let words = "secrets \"c\" is forbidden: ValidatingAdmissionPolicy 'strict' with binding 'strict' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    assert_eq!((code, status["message"].as_str()), (422, Some(words)));
}

#[tokio::test]
async fn expressions_change_what_is_written() {
    let cluster = Cluster::start().await;
    let mutating = |name: &str, mutation: Value| json!({ "metadata": { "name": name }, "spec": { "matchConstraints": rules("apps", "deployments"), "mutations": [mutation] } });
    let sidecar = "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{initContainers: [Object.spec.template.spec.initContainers{name: 'side', image: 'side:v1', restartPolicy: 'Always'}]}}}}";
    let label = "[JSONPatch{op: 'test', path: '/metadata/name', value: 'd'}, JSONPatch{op: 'add', path: '/metadata/labels', value: {'replicas': string(object.spec.replicas)}}]";
    let policies = [
        mutating("a", json!({ "patchType": "ApplyConfiguration", "applyConfiguration": { "expression": sidecar } })),
        mutating("b", json!({ "patchType": "JSONPatch", "jsonPatch": { "expression": label } })),
    ];
    for policy in policies {
        let name = policy["metadata"]["name"].clone();
        create(&cluster, &format!("{GROUP}/v1beta1/mutatingadmissionpolicies"), policy).await;
        let binding = json!({ "metadata": { "name": name }, "spec": { "policyName": name } });
        create(&cluster, &format!("{GROUP}/v1alpha1/mutatingadmissionpolicybindings"), binding).await;
    }
    let deployment = |name: &str| {
        json!({ "metadata": { "name": name }, "spec": { "replicas": 3, "selector": { "matchLabels": { "a": "b" } }, "template": {
            "metadata": { "labels": { "a": "b" } }, "spec": { "containers": [{ "name": "c", "image": "i" }], "initContainers": [{ "name": "first", "image": "f:v1" }] } } } })
    };
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let made = create(&cluster, path, deployment("d")).await;
    assert_eq!(made["metadata"]["labels"], json!({ "replicas": "3" }));
    let containers = made["spec"]["template"]["spec"]["initContainers"].as_array().expect("init containers");
    let mut names: Vec<&str> = containers.iter().filter_map(|container| container["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["first", "side"], "what was there stays");
    let side = containers.iter().find(|container| container["name"] == "side").expect("the sidecar");
    assert_eq!(
        (&side["imagePullPolicy"], &side["terminationMessagePath"]),
        (&json!("IfNotPresent"), &json!("/dev/termination-log")),
        "defaulted"
    );
    let (code, status) = cluster.post(path, deployment("other")).await;
    assert!(
        code == 422 && status["message"].as_str().expect("words").contains("policy 'b' with binding 'b' denied request"),
        "{status}"
    );
}

#[tokio::test]
async fn policies_are_judged() {
    let cluster = Cluster::start().await;
    let (_, group) = cluster.get(GROUP).await;
    assert_eq!(group["preferredVersion"]["version"], "v1");
    let path = format!("{GROUP}/v1/validatingadmissionpolicies");
    let good = json!({ "matchConstraints": rules("", "pods"), "validations": [{ "expression": "true" }] });
    let made = create(&cluster, &path, json!({ "metadata": { "name": "good" }, "spec": good })).await;
    let constraints = &made["spec"]["matchConstraints"];
    assert_eq!(
        (&made["spec"]["failurePolicy"], &constraints["matchPolicy"], &constraints["resourceRules"][0]["scope"]),
        (&json!("Fail"), &json!("Equivalent"), &json!("*"))
    );
    let cases = [
        (json!({ "matchConstraints": null }), "spec.matchConstraints: Required value"),
        (
            json!({ "validations": [] }),
            "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
        ),
        (
            json!({ "validations": [{ "expression": "object.x < " }] }),
            "spec.validations[0].expression: Invalid value: \"object.x < \": compilation failed: ERROR: <input>:1:12: Syntax error",
        ),
        (json!({ "validations": [{ "expression": "params.x" }] }), "undeclared reference to 'params'"),
        (
            json!({ "validations": [{ "expression": "true", "reason": "NotFound" }] }),
            "spec.validations[0].reason: Unsupported value: \"NotFound\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\", \"Unauthorized\"",
        ),
        (
            json!({ "variables": [{ "name": "a-b", "expression": "1" }] }),
            "spec.variables[0].name: Invalid value: \"a-b\": name is not a valid CEL identifier",
        ),
        (
            json!({ "failurePolicy": "Other" }),
            "spec.failurePolicy: Unsupported value: \"Other\": supported values: \"Fail\", \"Ignore\"",
        ),
    ];
    for (change, expected) in cases {
        let mut spec = good.clone();
        change.as_object().expect("an object").iter().for_each(|(key, value)| spec[key] = value.clone());
        let (code, status) = cluster.post(&path, json!({ "metadata": { "name": "bad" }, "spec": spec })).await;
        assert!(code == 422 && status["message"].as_str().expect("words").contains(expected), "{expected}: {status}");
    }
    let bindings = format!("{GROUP}/v1/validatingadmissionpolicybindings");
    let wrong = json!({ "policyName": "p", "validationActions": ["Deny", "Warn"] });
    let (code, status) = cluster.post(&bindings, json!({ "metadata": { "name": "bad" }, "spec": wrong })).await;
    assert!(
        code == 422 && status["message"].as_str().expect("words").contains("must not contain both Deny and Warn"),
        "{status}"
    );
}

#[tokio::test]
async fn namespaces_ask_for_standards() {
    let cluster = Cluster::start().await;
    let labels =
        json!({ "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted" });
    let namespace = |name: &str, labels: Value| json!({ "metadata": { "name": name, "labels": labels } });
    create(&cluster, "/api/v1/namespaces", namespace("safe", labels)).await;
    create(&cluster, "/api/v1/namespaces/safe/serviceaccounts", json!({ "metadata": { "name": "default" } })).await;
    let pods = "/api/v1/namespaces/safe/pods";
    let pod = |name: &str, context: Value| json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "i", "securityContext": context }] } });
    let (code, status) = cluster.post(pods, pod("p", json!({ "privileged": true }))).await;
    let words = "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)";
    assert_eq!((code, status["message"].as_str()), (403, Some(words)));
    let (code, told) = warnings(&cluster, pods, pod("plain", json!({}))).await;
    let words = "299 - \"would violate PodSecurity \\\"restricted:latest\\\": allowPrivilegeEscalation != false (container \\\"c\\\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \\\"c\\\" must set securityContext.capabilities.drop=[\\\"ALL\\\"]), runAsNonRoot != true (pod or container \\\"c\\\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \\\"c\\\" must set securityContext.seccompProfile.type to \\\"RuntimeDefault\\\" or \\\"Localhost\\\")\"";
    assert_eq!((code, told), (201, vec![words.to_owned()]));
    let (code, status) =
        cluster.post("/api/v1/namespaces", namespace("odd", json!({ "pod-security.kubernetes.io/enforce": "harsh" }))).await;
    assert!(
        code == 422
            && status["message"].as_str().expect("words").contains("must be one of privileged, baseline, restricted"),
        "{status}"
    );
    let request = Request::builder()
        .method(Method::PATCH)
        .uri("/api/v1/namespaces/safe")
        .header("content-type", "application/merge-patch+json");
    let stricter = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    let response = cluster.send(request.body(Body::from(stricter.to_string())).expect("a request")).await;
    let told: Vec<String> =
        response.headers().get_all(WARNING).iter().map(|header| header.to_str().expect("text").to_owned()).collect();
    assert_eq!(told.len(), 2, "{told:?} {}", body_of(response).await);
    assert!(
        told[0].contains(
            "existing pods in namespace \\\"safe\\\" violate the new PodSecurity enforce level \\\"restricted:latest\\\""
        ),
        "{told:?}"
    );
}
