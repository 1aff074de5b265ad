//! What falls over stands up again: deleted pods, trapping guests, pods that stop answering.

use super::{harness::Cluster, http};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata:
  name: NAME
  labels: { app: NAME }
spec:
  containers:
  - name: main
    image: example/IMAGE
    imagePullPolicy: Never
    ports: [{ containerPort: 8080 }]
    LIVENESS
---
apiVersion: v1
kind: Service
metadata: { name: NAME }
spec:
  type: NodePort
  selector: { app: NAME }
  ports: [{ port: 80, targetPort: 8080 }]
";

#[test]
fn a_deleted_pod_is_replaced() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("apply", include_str!("../../samples/hello/manifest.yaml"));
    cluster.load("hello", "coracle.dev/samples/hello:v1");
    cluster.wait_rolled_out("hello");
    for force in [&[][..], &["--grace-period=0", "--force"][..]] {
        let before = cluster.pods("app=hello");
        cluster.kubectl(&[&["delete", "po", before[0].as_str()], force].concat());
        cluster.wait_rolled_out("hello");
        let after = cluster.pods("app=hello");
        assert!(!after.contains(&before[0]), "{after:?}");
        cluster.eventually(&["get", "po", "-l", "app=hello", "--no-headers"], |printed| {
            printed.lines().filter(|line| line.contains("1/1")).count() == 3 && printed.lines().count() == 3
        });
    }
}

#[test]
fn fifty_replicas_and_back() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", "coracle.dev/samples/hello:v1");
    cluster.apply("apply", include_str!("../../samples/hello/manifest.yaml"));
    cluster.kubectl(&["scale", "deploy/hello", "--replicas=50"]);
    cluster.wait_rolled_out("hello");
    let ready = ["get", "deploy", "hello", "-o", "jsonpath={.status.readyReplicas}"];
    assert_eq!(cluster.kubectl(&ready), "50");
    cluster.kubectl(&["scale", "deploy/hello", "--replicas=3"]);
    cluster.eventually(&["get", "po", "-l", "app=hello", "-o", "name"], |printed| printed.lines().count() == 3);
}

#[test]
fn a_guest_that_traps_five_times_in_a_row_is_restarted_and_backs_off() {
    let Some(cluster) = Cluster::start() else { return };
    load_fixture(&cluster);
    cluster.apply("apply", &POD.replace("NAME", "trap").replace("IMAGE", "fixture").replace("LIVENESS", ""));
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod/trap", "--timeout=60s"]);
    let address = cluster.node_port("trap");
    http::until_served(&address, "/");
    let restarts = ["get", "po", "trap", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"];
    for _ in 0..4 {
        assert_eq!(http::get(&address, "/trap").unwrap().status, 502);
    }
    assert_eq!(http::get(&address, "/").unwrap().status, 200, "four traps are four lost requests and no more");
    for _ in 0..5 {
        assert_eq!(http::get(&address, "/trap").unwrap().status, 502);
    }
    cluster.eventually(&restarts, |printed| printed == "1");
    let reason = ["get", "po", "trap", "-o", "jsonpath={.status.containerStatuses[0].lastState.terminated.reason}"];
    assert_eq!(cluster.kubectl(&reason), "Error");
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod/trap", "--timeout=60s"]);
    http::until_served(&address, "/");
    for _ in 0..5 {
        let _ = http::get(&address, "/trap");
    }
    cluster.eventually(&["get", "po", "trap"], |printed| printed.contains("CrashLoopBackOff"));
    cluster.eventually(&["describe", "po", "trap"], |printed| printed.contains("Back-off restarting failed container"));
}

#[test]
fn the_liveness_probe_restarts_a_pod_that_stops_answering() {
    let Some(cluster) = Cluster::start() else { return };
    load_fixture(&cluster);
    let probe = "livenessProbe: { httpGet: { path: /live, port: 8080 }, periodSeconds: 1, failureThreshold: 2 }";
    cluster.apply("apply", &POD.replace("NAME", "live").replace("IMAGE", "fixture").replace("LIVENESS", probe));
    // the fixture says 500 at `/live`
    let restarts = ["get", "po", "live", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"];
    cluster.eventually(&restarts, |printed| printed.parse::<u32>().is_ok_and(|count| count >= 1));
    cluster.eventually(&["get", "events"], |printed| {
        printed.contains("Liveness probe failed: HTTP probe failed with statuscode: 500")
            && printed.contains("Container main failed liveness probe, will be restarted")
    });
}

fn load_fixture(cluster: &Cluster) {
    let file = format!("{}/tests/guests/fixture/fixture.wasm", env!("CARGO_MANIFEST_DIR"));
    let done = cluster.coracle(&["load", &file, "example/fixture"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
