//! Killed at any moment, started again: the controllers go on from what is, and everything comes to rest.

use std::time::Duration;

use super::{controllers::IMAGE, harness::Cluster};

fn web(replicas: u32) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: {replicas}
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ terminationGracePeriodSeconds: 1, containers: [{{ name: hello, image: {IMAGE} }}] }}
"
    )
}

/// Kills the cluster some milliseconds after `act`, and starts it again.
fn interrupted(cluster: &mut Cluster, moments: &mut impl Iterator<Item = u64>, act: &[&str]) {
    cluster.kubectl(act);
    let moment = moments.next().expect("moments do not end");
    eprintln!("kubectl {}, killed after {moment} ms", act.join(" "));
    std::thread::sleep(Duration::from_millis(moment));
    cluster.kill();
    cluster.up(&[]);
}

#[test]
fn kills_in_the_middle_of_everything_leave_no_trace() {
    let Some(mut cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    cluster.load("hello", "example/hello:v2");
    cluster.apply("create", &web(10));
    let mut moments = (0..).map(|_| rand::random_range(0..400));
    interrupted(&mut cluster, &mut moments, &["scale", "deploy/web", "--replicas=30"]);
    interrupted(&mut cluster, &mut moments, &["set", "image", "deploy/web", "hello=example/hello:v2"]);
    interrupted(&mut cluster, &mut moments, &["scale", "deploy/web", "--replicas=12"]);
    cluster.wait_rolled_out("web");
    let ready = "jsonpath={range .items[*]}{.spec.containers[0].image} {.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}{end}";
    cluster.eventually(&["get", "po", "-o", ready], |printed| {
        printed.lines().count() == 12 && printed.lines().all(|line| line == "example/hello:v2 True")
    });
    let sizes = ["get", "rs", "-o", "jsonpath={.items[*].spec.replicas}"];
    let mut shown: Vec<String> = cluster.kubectl(&sizes).split_whitespace().map(str::to_owned).collect();
    shown.sort();
    assert_eq!(shown, ["0", "12"]);
    interrupted(&mut cluster, &mut moments, &["delete", "deploy", "web", "--wait=false"]);
    cluster.eventually(&["get", "deploy,rs,po", "-o", "name"], str::is_empty);
}

#[test]
fn a_storm_of_deletions_passes() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    cluster.apply("create", &web(500));
    cluster.kubectl(&["rollout", "status", "deploy/web", "--timeout=120s"]);
    cluster.kubectl(&["delete", "po", "-l", "app=web", "--wait=false"]);
    cluster.eventually(&["get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}"], |ready| ready == "500");
    cluster.kubectl(&["delete", "deploy", "web"]);
    cluster.eventually(&["get", "rs,po", "-o", "name"], str::is_empty);
}
