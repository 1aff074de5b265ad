//! Acknowledged is durable: SIGKILL loses nothing, and a cluster resumes from its data directory.

use super::{harness::Cluster, http};

#[test]
fn a_kill_in_the_middle_of_a_scale_up_loses_nothing() {
    let Some(mut cluster) = Cluster::start() else { return };
    cluster.load("hello", "coracle.dev/samples/hello:v1");
    cluster.apply("apply", include_str!("../../samples/hello/manifest.yaml"));
    cluster.wait_rolled_out("hello");
    for number in 0..10 {
        cluster.kubectl(&["create", "configmap", &format!("note-{number}"), &format!("--from-literal=number={number}")]);
    }
    cluster.kubectl(&["scale", "deploy/hello", "--replicas=40"]);
    cluster.kill();
    cluster.up(&[]);
    let notes = cluster.kubectl(&["get", "configmap", "-o", "name"]);
    assert_eq!(notes.lines().filter(|name| name.contains("/note-")).count(), 10, "{notes}");
    cluster.wait_rolled_out("hello");
    cluster.eventually(&["get", "deploy", "hello", "-o", "jsonpath={.status.readyReplicas}"], |ready| ready == "40");
    http::until_served(&cluster.node_port("hello"), "/");
}

#[test]
fn a_stopped_cluster_resumes() {
    let Some(mut cluster) = Cluster::start() else { return };
    cluster.load("hello", "coracle.dev/samples/hello:v1");
    cluster.apply("apply", include_str!("../../samples/hello/manifest.yaml"));
    cluster.wait_rolled_out("hello");
    let (pods, address) = (cluster.pods("app=hello"), cluster.node_port("hello"));
    assert_eq!(cluster.stop(), Some(0));
    cluster.up(&[]);
    http::until_served(&address, "/");
    cluster.eventually(&["get", "deploy", "hello", "-o", "jsonpath={.status.readyReplicas}"], |ready| ready == "3");
    assert_eq!(cluster.pods("app=hello"), pods, "the same pods run again");
}
