//! ReplicaSets and ReplicationControllers keep their number: they adopt, release, and choose well who goes.

use super::harness::Cluster;

pub(crate) const IMAGE: &str = "example/hello:v1";

/// A ReplicationController or a ReplicaSet called `web`.
fn web(api_version: &str, kind: &str, selector: &str, replicas: u32) -> String {
    format!(
        "
apiVersion: {api_version}
kind: {kind}
metadata: {{ name: web }}
spec:
  replicas: {replicas}
  selector: {selector}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ containers: [{{ name: hello, image: {IMAGE} }}] }}
"
    )
}

fn started() -> Option<Cluster> {
    let cluster = Cluster::start()?;
    cluster.load("hello", IMAGE);
    Some(cluster)
}

#[test]
fn a_replication_controller_adopts_releases_and_leaves_orphans() {
    let Some(cluster) = started() else { return };
    let manifest = web("v1", "ReplicationController", "{ app: web }", 3);
    cluster.apply("create", &manifest);
    cluster.kubectl(&["wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/web", "--timeout=60s"]);
    cluster.kubectl(&["scale", "rc/web", "--replicas=5"]);
    cluster.kubectl(&["wait", "--for=jsonpath={.status.readyReplicas}=5", "rc/web", "--timeout=60s"]);
    let row = cluster.kubectl(&["get", "rc", "web", "--no-headers"]);
    assert_eq!(row.split_whitespace().take(4).collect::<Vec<_>>(), ["web", "5", "5", "5"]);

    let freed = cluster.pods("app=web")[0].clone();
    cluster.kubectl(&["label", "po", &freed, "app=free", "--overwrite"]);
    let owners = ["get", "po", &freed, "-o", "jsonpath={.metadata.ownerReferences}"];
    cluster.eventually(&owners, str::is_empty);
    cluster.kubectl(&["wait", "--for=jsonpath={.status.readyReplicas}=5", "rc/web", "--timeout=60s"]);
    cluster.eventually(&["get", "po", "-l", "app=web", "-o", "name"], |pods| pods.lines().count() == 5);
    // back again it is one too many; somebody goes, and nobody stays unowned
    cluster.kubectl(&["label", "po", &freed, "app=web", "--overwrite"]);
    let controllers = "jsonpath={range .items[*]}{.metadata.ownerReferences[0].name}{\"\\n\"}{end}";
    cluster.eventually(&["get", "po", "-o", controllers], |printed| {
        printed.lines().count() == 5 && printed.lines().all(|owner| owner == "web")
    });

    let before = cluster.pods("app=web");
    cluster.kubectl(&["delete", "rc", "web", "--cascade=orphan"]);
    cluster.eventually(&["get", "po", "-o", controllers], |printed| printed.trim().is_empty());
    assert_eq!(cluster.pods("app=web"), before, "orphans live on");
    cluster.apply("create", &manifest.replace("replicas: 3", "replicas: 5"));
    cluster.kubectl(&["wait", "--for=jsonpath={.status.readyReplicas}=5", "rc/web", "--timeout=60s"]);
    assert_eq!(cluster.pods("app=web"), before, "the namesake takes them over");
    cluster.kubectl(&["delete", "rc", "web"]);
    cluster.eventually(&["get", "po", "-o", "name"], str::is_empty);
}

#[test]
fn the_cheapest_pods_of_a_replica_set_go_first() {
    let Some(cluster) = started() else { return };
    cluster.apply("create", &web("apps/v1", "ReplicaSet", "{ matchLabels: { app: web } }", 4));
    cluster.kubectl(&["wait", "--for=jsonpath={.status.availableReplicas}=4", "rs/web", "--timeout=60s"]);
    let pods = cluster.pods("app=web");
    for (pod, cost) in [(&pods[0], "10"), (&pods[1], "-10"), (&pods[3], "5")] {
        cluster.kubectl(&["annotate", "po", pod, &format!("controller.kubernetes.io/pod-deletion-cost={cost}")]);
    }
    cluster.kubectl(&["scale", "rs/web", "--replicas=2"]);
    cluster.eventually(&["get", "po", "-o", "name"], |printed| printed.lines().count() == 2);
    assert_eq!(cluster.pods("app=web"), [pods[0].clone(), pods[3].clone()]);
}

#[test]
fn repeated_events_are_counted_and_not_many() {
    let Some(cluster) = started() else { return };
    // no ServiceAccount of that name: the same refusal again and again, but for the name of the pod
    let manifest = web("apps/v1", "ReplicaSet", "{ matchLabels: { app: web } }", 1);
    cluster.apply("create", &manifest.replace("{ containers", "{ serviceAccountName: none, containers"));
    let words = "error looking up service account default/none: serviceaccount \"none\" not found";
    cluster.eventually(&["describe", "rs", "web"], |printed| {
        printed.lines().any(|line| {
            line.contains("FailedCreate  ")
                && line.contains("(x2 over")
                && line.contains("(combined from similar events): Error creating: pods \"web-")
                && line.contains(words)
        })
    });
    let events = ["get", "events", "--field-selector", "reason=FailedCreate", "-o", "name"];
    assert_eq!(cluster.kubectl(&events).lines().count(), 11, "ten, and one for all others");
    assert!(cluster.kubectl(&["events", "--for=rs/web"]).contains("FailedCreate"));
    let failure = "jsonpath={.status.conditions[?(@.type==\"ReplicaFailure\")].reason}";
    assert_eq!(cluster.kubectl(&["get", "rs", "web", "-o", failure]), "FailedCreate");
    cluster.kubectl(&["create", "serviceaccount", "none"]);
    // a change of the ReplicaSet ends its back-off
    cluster.kubectl(&["scale", "rs/web", "--replicas=2"]);
    cluster.kubectl(&["wait", "--for=jsonpath={.status.readyReplicas}=2", "rs/web", "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["get", "rs", "web", "-o", failure]), "");
}
