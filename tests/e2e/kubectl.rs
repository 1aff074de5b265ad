//! What a `kubectl` user meets every day is answered as Kubernetes answers it.

use super::harness::{Cluster, text};

const APPLIED: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: applied, labels: {one: "1", two: "2"}}
spec:
  selector: {app: applied}
  ports: [{name: web, port: 80}, {name: more, port: 81}]
"#;

/// Both outputs of a command, whether it succeeds or not.
fn said(cluster: &Cluster, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = cluster.kubectl_command(&arguments).output().expect("kubectl runs");
    format!("{}{}", text(&output.stdout), text(&output.stderr)).trim().to_owned()
}

#[test]
fn each_command_says_what_it_says_elsewhere() {
    let Some(cluster) = Cluster::start() else { return };
    let table = [
        ("create deployment web --image=none --replicas=0 --port=3000", "deployment.apps/web created"),
        ("create configmap one --from-literal=a=b", "configmap/one created"),
        ("create secret generic two --from-literal=a=b", "secret/two created"),
        ("create sa robot", "serviceaccount/robot created"),
        ("create ns three", "namespace/three created"),
        ("expose deploy web --port=80", "service/web exposed"),
        ("label cm one x=y", "configmap/one labeled"),
        ("annotate cm one note=z", "configmap/one annotated"),
        ("get cm -l x -o name", "configmap/one"),
        ("get cm -l x=y,z!=1 -o jsonpath={.items[*].data.a}", "b"),
        ("set env deploy/web A=B", "deployment.apps/web env updated"),
        ("rollout pause deploy/web", "deployment.apps/web paused"),
        ("rollout pause deploy/web", "error: deployments.apps \"web\" is already paused"),
        ("rollout resume deploy/web", "deployment.apps/web resumed"),
        ("scale deploy web --replicas=0 --current-replicas=9", "error: Expected replicas to be 9, was 0"),
        ("create cm one", "error: failed to create configmap: configmaps \"one\" already exists"),
        ("create cm x -n nowhere", "error: failed to create configmap: namespaces \"nowhere\" not found"),
        ("get po nope", "Error from server (NotFound): pods \"nope\" not found"),
        (
            "delete ns default",
            "Error from server (Forbidden): namespaces \"default\" is forbidden: this namespace may not be deleted",
        ),
        ("delete cm one", "configmap \"one\" deleted"),
        ("auth can-i create pods", "yes"),
    ];
    for (line, expected) in table {
        assert_eq!(said(&cluster, line), expected, "kubectl {line}");
    }
}

#[test]
fn apply_takes_out_what_the_manifest_no_longer_says() {
    let Some(cluster) = Cluster::start() else { return };
    assert_eq!(cluster.apply("apply", APPLIED), "service/applied created\n");
    assert_eq!(cluster.apply("apply", APPLIED), "service/applied unchanged\n");
    let less = APPLIED.replace(", {name: more, port: 81}", "").replace(", two: \"2\"", "");
    assert_eq!(cluster.apply("apply", &less), "service/applied configured\n");
    let left = cluster.kubectl(&["get", "svc", "applied", "-o", "jsonpath={.spec.ports[*].name} {.metadata.labels}"]);
    assert_eq!(left, r#"web {"one":"1"}"#);
}

#[test]
fn the_service_of_the_server_comes_back() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["delete", "all", "--all"]);
    cluster.eventually(&["get", "svc,endpointslices", "-o", "name"], |printed| {
        printed.contains("service/kubernetes") && printed.contains("endpointslice.discovery.k8s.io/kubernetes")
    });
}
