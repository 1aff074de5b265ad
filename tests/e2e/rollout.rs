//! A roll-out under load fails no request, and a broken image never takes a good pod's place.

use super::{
    harness::Cluster,
    http::{self, Load},
};

fn deploy(cluster: &Cluster) -> String {
    cluster.load("hello", "example/hello:v1");
    cluster.load("hello", "example/hello:v2");
    let manifest =
        include_str!("../../samples/hello/manifest.yaml").replace("coracle.dev/samples/hello:v1", "example/hello:v1");
    cluster.apply("apply", &manifest);
    cluster.wait_rolled_out("hello");
    let address = cluster.node_port("hello");
    http::until_served(&address, "/");
    address
}

#[test]
fn a_roll_out_under_load_fails_no_request() {
    let Some(cluster) = Cluster::start() else { return };
    let address = deploy(&cluster);
    let load = Load::start(&address, "/");
    cluster.kubectl(&["set", "image", "deploy/hello", "hello=example/hello:v2"]);
    cluster.wait_rolled_out("hello");
    cluster.kubectl(&["rollout", "restart", "deploy/hello"]);
    cluster.wait_rolled_out("hello");
    cluster.kubectl(&["scale", "deploy/hello", "--replicas=6"]);
    cluster.wait_rolled_out("hello");
    cluster.kubectl(&["scale", "deploy/hello", "--replicas=2"]);
    // the pods on their way out are gone before the load ends
    cluster.eventually(&["get", "po", "-l", "app=hello", "--no-headers"], |printed| printed.lines().count() == 2);
    let (sent, failed) = load.end();
    assert!(failed.is_empty(), "{} of {sent} requests failed:\n{}", failed.len(), failed.join("\n"));
    assert!(sent > 50, "only {sent} requests were sent");
}

#[test]
fn history_and_undo() {
    let Some(cluster) = Cluster::start() else { return };
    deploy(&cluster);
    let image = ["get", "deploy", "hello", "-o", "jsonpath={.spec.template.spec.containers[0].image}"];
    cluster.kubectl(&["set", "image", "deploy/hello", "hello=example/hello:v2"]);
    cluster.wait_rolled_out("hello");
    let history = cluster.kubectl(&["rollout", "history", "deploy/hello"]);
    assert!(
        history.contains("REVISION")
            && history.lines().any(|l| l.starts_with('1'))
            && history.lines().any(|l| l.starts_with('2'))
    );
    assert!(cluster.kubectl(&["rollout", "undo", "deploy/hello"]).contains("rolled back"));
    cluster.wait_rolled_out("hello");
    assert_eq!(cluster.kubectl(&image), "example/hello:v1");
    let history = cluster.kubectl(&["rollout", "history", "deploy/hello"]);
    assert!(history.lines().any(|line| line.starts_with('3')), "{history}");
    assert!(!history.lines().any(|line| line.starts_with('1')), "{history}");
    cluster.kubectl(&["rollout", "undo", "deploy/hello", "--to-revision=2"]);
    cluster.wait_rolled_out("hello");
    assert_eq!(cluster.kubectl(&image), "example/hello:v2");
}

#[test]
fn a_broken_image_never_replaces_the_good_pods() {
    let Some(cluster) = Cluster::start() else { return };
    let address = deploy(&cluster);
    let good = cluster.pods("app=hello");
    cluster.kubectl(&["set", "image", "deploy/hello", "hello=example/none:v9"]);
    cluster.eventually(&["get", "po"], |printed| printed.contains("ErrImagePull") || printed.contains("ImagePullBackOff"));
    cluster.eventually(&["get", "po"], |printed| printed.contains("ImagePullBackOff"));
    let patch = r#"{"spec":{"template":{"spec":{"containers":[{"name":"hello","imagePullPolicy":"Never"}]}}}}"#;
    cluster.kubectl(&["patch", "deploy", "hello", "-p", patch]);
    cluster.eventually(&["get", "po"], |printed| printed.contains("ErrImageNeverPull"));
    let running = cluster.kubectl(&["get", "po", "-l", "app=hello", "--no-headers"]);
    let running = running.lines().filter(|line| line.contains("1/1") && line.contains("Running")).count();
    assert!(running >= 3, "maxUnavailable of 25 % of 3 is none");
    assert!(cluster.pods("app=hello").iter().filter(|pod| good.contains(pod)).count() >= 3);
    assert_eq!(http::get(&address, "/").unwrap().status, 200);
    cluster.kubectl(&["rollout", "undo", "deploy/hello", "--to-revision=1"]);
    cluster.wait_rolled_out("hello");
}
