//! Pods go where they may and not elsewhere; those that may go nowhere say why, and go at once when they may.

use super::{controllers::IMAGE, harness::Cluster};

/// A pod with further lines of its spec.
fn pod(name: &str, more: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{ name: {name}, labels: {{ app: {name} }} }}
spec:
  terminationGracePeriodSeconds: 1
  {more}
---"
    )
}

/// Further lines of its one container.
fn container(more: &str) -> String {
    format!("containers: [{{ name: main, image: {IMAGE}{more} }}]")
}

fn three_nodes() -> Option<Cluster> {
    let cluster = Cluster::start_with(&["--nodes", "3"])?;
    cluster.load("hello", IMAGE);
    Some(cluster)
}

#[track_caller]
fn placed(cluster: &Cluster, pod: &str, node: &str) {
    cluster.kubectl(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["get", "po", pod, "-o", "jsonpath={.spec.nodeName}"]), node);
}

/// Waits for the words of `PodScheduled`; the event has the same.
#[track_caller]
fn stuck(cluster: &Cluster, pod: &str, words: &str) {
    let condition = "jsonpath={.status.conditions[?(@.type==\"PodScheduled\")]['reason', 'message']}";
    cluster.eventually(&["get", "po", pod, "-o", condition], |printed| {
        printed.starts_with("Unschedulable ") && printed.contains(words)
    });
    cluster.eventually(&["events", "--for", &format!("pod/{pod}")], |printed| {
        printed.contains("FailedScheduling") && printed.contains(words)
    });
}

#[test]
fn it_goes_where_selectors_affinity_and_tolerations_say() {
    let Some(cluster) = three_nodes() else { return };
    cluster.kubectl(&["label", "node", "coracle-2", "disk=ssd"]);
    cluster.kubectl(&["taint", "node", "coracle-3", "gpu=yes:NoSchedule"]);
    let main = container("");
    let affinity = "affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: \
                    [{ matchExpressions: [{ key: disk, operator: In, values: [ssd, nvme] }] }] } } }";
    let toleration = "tolerations: [{ key: gpu, operator: Exists }]\n  nodeSelector: { kubernetes.io/hostname: coracle-3 }";
    let manifest = [
        pod("selected", &format!("nodeSelector: {{ disk: ssd }}\n  {main}")),
        pod("affine", &format!("{affinity}\n  {main}")),
        pod("tolerant", &format!("{toleration}\n  {main}")),
        // past the scheduler: the taint is none of its business
        pod("assigned", &format!("nodeName: coracle-3\n  {main}")),
        pod("foreign", &format!("schedulerName: other\n  {main}")),
        pod("nowhere", &format!("nodeSelector: {{ disk: tape }}\n  {main}")),
        pod("tainted", &format!("nodeSelector: {{ kubernetes.io/hostname: coracle-3 }}\n  {main}")),
    ];
    cluster.apply("create", &manifest.concat());
    for (pod, node) in
        [("selected", "coracle-2"), ("affine", "coracle-2"), ("tolerant", "coracle-3"), ("assigned", "coracle-3")]
    {
        placed(&cluster, pod, node);
    }
    stuck(
        &cluster,
        "nowhere",
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector. \
         preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    );
    stuck(
        &cluster,
        "tainted",
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector.",
    );
    cluster.kubectl(&["label", "node", "coracle", "disk=tape"]);
    placed(&cluster, "nowhere", "coracle");
    cluster.kubectl(&["taint", "node", "coracle-3", "gpu-"]);
    placed(&cluster, "tainted", "coracle-3");
    assert_eq!(cluster.kubectl(&["get", "po", "foreign", "-o", "jsonpath={.spec.nodeName}{.status.conditions}"]), "");
}

#[test]
fn room_and_ports_are_given_out_once_and_again_when_free() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    let port = container(", ports: [{ containerPort: 8080, hostPort: 38080 }]");
    let half = cluster.kubectl(&["get", "node", "coracle", "-o", "jsonpath={.status.allocatable.cpu}"]);
    let milli = half.strip_suffix('m').map_or_else(|| half.parse::<u32>().expect("cpus") * 1000, |m| m.parse().expect("m"));
    let big = container(&format!(", resources: {{ requests: {{ cpu: {}m }} }}", milli * 2 / 3));
    let fat = container(", resources: { requests: { memory: 100Ti } }");
    cluster.apply("create", &[pod("port", &port), pod("big", &big)].concat());
    placed(&cluster, "port", "coracle");
    placed(&cluster, "big", "coracle");
    cluster.apply("create", &[pod("port-too", &port), pod("big-too", &big), pod("fat", &fat)].concat());
    stuck(&cluster, "port-too", "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
    stuck(
        &cluster,
        "big-too",
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found \
         for incoming pod.",
    );
    stuck(&cluster, "fat", "0/1 nodes are available: 1 Insufficient memory.");
    cluster.kubectl(&["delete", "po", "port", "big", "--wait=false"]);
    placed(&cluster, "port-too", "coracle");
    placed(&cluster, "big-too", "coracle");
    assert_eq!(cluster.kubectl(&["get", "po", "fat", "-o", "jsonpath={.status.phase}"]), "Pending");
}

#[test]
fn replicas_spread_and_drain_moves_them() {
    let Some(cluster) = three_nodes() else { return };
    let manifest = format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: 9
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ terminationGracePeriodSeconds: 1, {} }}
",
        container("")
    );
    cluster.apply("create", &manifest);
    cluster.wait_rolled_out("web");
    let nodes = ["get", "po", "-l", "app=web", "-o", "jsonpath={range .items[*]}{.spec.nodeName}{\"\\n\"}{end}"];
    let count = |printed: &str, node: &str| printed.lines().filter(|line| *line == node).count();
    let printed = cluster.kubectl(&nodes);
    for node in ["coracle", "coracle-2", "coracle-3"] {
        assert_eq!(count(&printed, node), 3, "{printed}");
    }
    let told = cluster.kubectl(&["drain", "coracle-2", "--ignore-daemonsets", "--timeout=60s"]);
    assert!(told.contains("node/coracle-2 cordoned") && told.contains("node/coracle-2 drained"), "{told}");
    cluster.wait_rolled_out("web");
    cluster.eventually(&nodes, |printed| printed.lines().count() == 9 && count(printed, "coracle-2") == 0);
    let listed = cluster.kubectl(&["get", "node", "coracle-2"]);
    assert!(listed.contains("Ready,SchedulingDisabled"), "{listed}");

    cluster.kubectl(&["cordon", "coracle", "coracle-3"]);
    cluster.apply("create", &pod("late", &container("")));
    stuck(&cluster, "late", "0/3 nodes are available: 3 node(s) were unschedulable.");
    cluster.kubectl(&["uncordon", "coracle-2"]);
    placed(&cluster, "late", "coracle-2");
}
