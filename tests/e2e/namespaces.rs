//! A namespace is given what pods need, and takes everything with it when it goes.

use super::{controllers::IMAGE, harness::Cluster};

#[test]
fn it_is_given_an_account_and_the_root_certificate_and_gets_them_back() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "namespace", "team"]);
    for (kind, name) in [("serviceaccount", "default"), ("configmap", "kube-root-ca.crt")] {
        let uid = ["get", kind, name, "-n", "team", "-o", "jsonpath={.metadata.uid}"];
        let first = cluster.eventually(&uid, |uid| !uid.is_empty());
        cluster.kubectl(&["delete", kind, name, "-n", "team"]);
        cluster.eventually(&uid, |uid| !uid.is_empty() && uid != first);
    }
    let certificate = ["get", "configmap", "kube-root-ca.crt", "-n", "team", "-o", "jsonpath={.data.ca\\.crt}"];
    assert!(cluster.kubectl(&certificate).starts_with("-----BEGIN CERTIFICATE-----"));
    cluster.kubectl(&["patch", "configmap", "kube-root-ca.crt", "-n", "team", "-p", r#"{"data":{"ca.crt":"forged"}}"#]);
    cluster.eventually(&certificate, |printed| printed.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn a_finalizer_holds_it_and_nothing_new_comes_in() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    cluster.kubectl(&["create", "namespace", "team"]);
    let manifest = format!(
        "
apiVersion: v1
kind: ConfigMap
metadata: {{ name: held, namespace: team, finalizers: [example.com/hold] }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web, namespace: team }}
spec:
  replicas: 3
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ terminationGracePeriodSeconds: 5, containers: [{{ name: hello, image: {IMAGE} }}] }}
"
    );
    cluster.apply("create", &manifest);
    cluster.kubectl(&["rollout", "status", "deploy/web", "-n", "team", "--timeout=60s"]);
    cluster.kubectl(&["delete", "namespace", "team", "--wait=false"]);
    let message = |kind: &str| format!("jsonpath={{.status.conditions[?(@.type==\"{kind}\")].message}}");
    let finalizers = message("NamespaceFinalizersRemaining");
    cluster.eventually(&["get", "namespace", "team", "-o", &finalizers], |printed| {
        printed == "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    });
    let content = message("NamespaceContentRemaining");
    cluster.eventually(&["get", "namespace", "team", "-o", &content], |printed| {
        printed == "Some resources are remaining: configmaps. has 1 resource instances"
    });
    let phase = cluster.kubectl(&["get", "namespace", "team", "--no-headers"]);
    assert!(phase.contains("Terminating"), "{phase}");
    let refused = cluster.refused(&["create", "configmap", "late", "-n", "team"]);
    assert!(
        refused.contains("forbidden: unable to create new content in namespace team because it is being terminated"),
        "{refused}"
    );
    cluster.kubectl(&["patch", "configmap", "held", "-n", "team", "-p", r#"{"metadata":{"finalizers":null}}"#]);
    cluster.kubectl(&["wait", "--for=delete", "namespace/team", "--timeout=60s"]);
}

#[test]
fn three_hundred_objects_go_quickly() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "namespace", "full"]);
    let map = |number| format!("\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{number}, namespace: full }}\n---");
    cluster.apply("create", &(0..300).map(map).collect::<String>());
    let began = std::time::Instant::now();
    cluster.kubectl(&["delete", "namespace", "full", "--timeout=60s"]);
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}
