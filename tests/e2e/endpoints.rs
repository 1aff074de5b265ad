//! Endpoints and EndpointSlices say who is behind a Service, and who only seems to be.

use super::{controllers::IMAGE, harness::Cluster};

fn pod(name: &str, port: u16, probe: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{ name: {name}, labels: {{ app: web }} }}
spec:
  containers:
  - name: hello
    image: {IMAGE}
    ports: [{{ name: http, containerPort: {port} }}]
    {probe}
---"
    )
}

fn service(name: &str, more: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Service
metadata: {{ name: {name} }}
spec:
  ports: [{{ name: web, port: 80, targetPort: http }}]
  {more}
---"
    )
}

const NEVER: &str = "readinessProbe: { httpGet: { path: /none, port: http }, periodSeconds: 1 }";

/// `pod ready serving terminating` of every endpoint of a Service.
fn shown(service: &str) -> [String; 6] {
    let each = "{range .items[*].endpoints[*]}{.targetRef.name} {.conditions.ready} {.conditions.serving} {.conditions.terminating}{\"\\n\"}{end}";
    let label = format!("kubernetes.io/service-name={service}");
    ["get", "endpointslices", "-l", &label, "-o", &format!("jsonpath={each}")].map(str::to_owned)
}

#[track_caller]
fn until(cluster: &Cluster, service: &str, wanted: &[&str]) {
    let command = shown(service);
    cluster.eventually(&command.each_ref().map(String::as_str), |printed| {
        let mut lines: Vec<&str> = printed.lines().collect();
        lines.sort_unstable();
        lines == wanted
    });
}

#[test]
fn readiness_named_ports_and_the_way_out() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    let manifest = [
        service("web", "selector: { app: web }"),
        service("all", "selector: { app: web }\n  clusterIP: None\n  publishNotReadyAddresses: true"),
        pod("good", 8080, ""),
        pod("other", 9090, ""),
        pod("never", 8080, NEVER),
    ];
    cluster.apply("create", &manifest.concat());
    until(&cluster, "web", &["good true true false", "never false false false", "other true true false"]);
    until(&cluster, "all", &["good true true false", "never true false false", "other true true false"]);
    let ports = "jsonpath={range .items[*]}{.ports[0].name}/{.ports[0].port}:{.endpoints[*].targetRef.name}{\"\\n\"}{end}";
    let printed = cluster.kubectl(&["get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o", ports]);
    assert!(printed.contains("web/9090:other\n") && printed.contains("web/8080:"), "{printed}");
    let count =
        ["get", "endpointslices", "-l", "kubernetes.io/service-name=all,service.kubernetes.io/headless", "-o", "name"];
    assert_eq!(cluster.kubectl(&count).lines().count(), 2, "one slice a port");

    let unready = "jsonpath={.subsets[*].notReadyAddresses[*].targetRef.name}";
    assert_eq!(cluster.kubectl(&["get", "endpoints", "web", "-o", unready]), "never");
    assert_eq!(cluster.kubectl(&["get", "endpoints", "all", "-o", unready]), "");

    // held by a finalizer it is seen on its way out: not ready, and still serving as far as it says itself
    cluster.kubectl(&["patch", "po", "good", "-p", r#"{"metadata":{"finalizers":["example.com/hold"]}}"#]);
    cluster.kubectl(&["delete", "po", "good", "--wait=false"]);
    let command = shown("web");
    cluster.eventually(&command.each_ref().map(String::as_str), |printed| !printed.contains("good true"));
    let ready = "jsonpath={.subsets[*].addresses[*].targetRef.name}";
    cluster.eventually(&["get", "endpoints", "web", "-o", ready], |printed| printed == "other");
    cluster.kubectl(&["patch", "po", "good", "-p", r#"{"metadata":{"finalizers":null}}"#]);
    until(&cluster, "web", &["never false false false", "other true true false"]);
    cluster.kubectl(&["label", "po", "other", "app=else", "--overwrite"]);
    until(&cluster, "web", &["never false false false"]);

    cluster.kubectl(&["delete", "svc", "web", "all"]);
    cluster.eventually(&["get", "endpointslices", "-o", "name"], |printed| printed.lines().count() == 1);
    cluster.eventually(&["get", "endpoints", "-o", "name"], |printed| printed.trim() == "endpoints/kubernetes");
}

#[test]
fn endpoints_made_by_hand_are_mirrored() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", &service("outside", "").replace("targetPort: http", "targetPort: 3306"));
    let endpoints = "
apiVersion: v1
kind: Endpoints
metadata: { name: outside }
subsets:
- addresses: [{ ip: 192.0.2.7 }]
  notReadyAddresses: [{ ip: 192.0.2.8 }]
  ports: [{ name: web, port: 3306 }]
";
    cluster.apply("create", endpoints);
    let addresses = "jsonpath={range .items[*].endpoints[*]}{.addresses[0]} {.conditions.ready}{\"\\n\"}{end}";
    let list = ["get", "endpointslices", "-l", "kubernetes.io/service-name=outside", "-o", addresses];
    cluster.eventually(&list, |printed| printed == "192.0.2.7 true\n192.0.2.8 false\n");
    cluster.apply("apply", &endpoints.replace("192.0.2.7", "192.0.2.9"));
    cluster.eventually(&list, |printed| printed == "192.0.2.9 true\n192.0.2.8 false\n");
    cluster.kubectl(&["delete", "svc", "outside"]);
    cluster.eventually(&["get", "endpointslices", "-o", "name"], |printed| printed.lines().count() == 1);
    cluster.eventually(&["get", "endpoints", "-o", "name"], |printed| printed.trim() == "endpoints/kubernetes");
}
