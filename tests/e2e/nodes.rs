//! Nodes come, are tainted and go, and their pods with them.

use super::{controllers::IMAGE, harness::Cluster};

const NODE: &str = "
apiVersion: v1
kind: Node
metadata: { name: paper }
---";

fn pod(name: &str, more: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{ name: {name} }}
spec:
  terminationGracePeriodSeconds: 1
  nodeName: coracle
  containers: [{{ name: main, image: {IMAGE} }}]
  {more}
---"
    )
}

#[test]
fn a_node_without_a_kubelet_takes_no_pods_and_its_own_go_with_it() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", NODE);
    // kubelets say `Ready`; of a node that nobody speaks for nothing is known
    let listed = cluster.kubectl(&["get", "node", "paper", "--no-headers"]);
    assert_eq!(listed.split_whitespace().nth(1), Some("Unknown"), "{listed}");
    cluster.apply("create", &pod("lost", "").replace("nodeName: coracle", "nodeName: paper"));
    cluster.kubectl(&["cordon", "coracle"]);
    let waiting = pod("waiting", "").replace("nodeName: coracle\n", "restartPolicy: Always\n");
    cluster.apply("create", &waiting);
    let condition = "jsonpath={.status.conditions[?(@.type==\"PodScheduled\")].reason}";
    cluster.eventually(&["get", "po", "waiting", "-o", condition], |printed| printed == "Unschedulable");
    cluster.kubectl(&["delete", "node", "paper"]);
    cluster.kubectl(&["wait", "--for=delete", "pod/lost", "--timeout=60s"]);
    cluster.load("hello", IMAGE);
    cluster.kubectl(&["uncordon", "coracle"]);
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod/waiting", "--timeout=60s"]);
}

#[test]
fn a_taint_evicts_those_who_do_not_tolerate_it() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    let tolerates = |more: &str| format!("tolerations: [{{ key: fire, operator: Exists, effect: NoExecute{more} }}]");
    let manifest = [
        pod("stays", &tolerates("")),
        pod("waits", &tolerates(", tolerationSeconds: 3")),
        pod("not-long", &tolerates(", tolerationSeconds: 0")),
        pod("goes", ""),
    ];
    cluster.apply("create", &manifest.concat());
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s"]);
    cluster.kubectl(&["taint", "node", "coracle", "fire=yes:NoExecute"]);
    cluster.kubectl(&["wait", "--for=delete", "pod/goes", "pod/not-long", "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["get", "po", "-o", "name"]), "pod/stays\npod/waits\n");
    cluster.kubectl(&["wait", "--for=delete", "pod/waits", "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["get", "po", "-o", "name"]), "pod/stays\n");
    let events = cluster.kubectl(&["events", "--for=pod/goes"]);
    assert!(events.contains("TaintManagerEviction") && events.contains("Marking for deletion Pod default/goes"), "{events}");
}
