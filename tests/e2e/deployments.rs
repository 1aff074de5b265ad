//! A Deployment goes from template to template as its strategy says, and tells how far it is.

use super::{controllers::IMAGE, harness::Cluster};

const BROKEN: &str = "example/none:v9";

/// A Deployment called `web`; `more` are further lines of its spec.
fn web(replicas: u32, more: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: {replicas}
  selector: {{ matchLabels: {{ app: web }} }}
  {more}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ terminationGracePeriodSeconds: 1, containers: [{{ name: hello, image: {IMAGE} }}] }}
"
    )
}

fn rolled_out(replicas: u32, more: &str) -> Option<Cluster> {
    let cluster = Cluster::start()?;
    cluster.load("hello", IMAGE);
    cluster.load("hello", "example/hello:v2");
    cluster.apply("create", &web(replicas, more));
    cluster.wait_rolled_out("web");
    Some(cluster)
}

fn set_image(cluster: &Cluster, image: &str) {
    cluster.kubectl(&["set", "image", "deploy/web", &format!("hello={image}")]);
}

/// The sizes of the ReplicaSets, biggest first.
const SIZES: [&str; 4] = ["get", "rs", "-o", "jsonpath={range .items[*]}{.spec.replicas}{\"\\n\"}{end}"];

fn sizes(printed: &str) -> Vec<u32> {
    let mut sizes: Vec<u32> = printed.lines().filter_map(|line| line.parse().ok()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

#[test]
fn recreate_ends_the_old_before_it_begins_the_new() {
    let Some(cluster) = rolled_out(3, "strategy: { type: Recreate }") else { return };
    let old = cluster.pods("app=web");
    let mut watch = cluster
        .kubectl_command(&["get", "po", "-w", "--output-watch-events", "--no-headers"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("kubectl runs");
    set_image(&cluster, "example/hello:v2");
    cluster.wait_rolled_out("web");
    watch.kill().expect("it runs");
    let printed = watch.wait_with_output().expect("it ended").stdout;
    let printed = super::harness::text(&printed);
    let is_old = |line: &str| old.iter().any(|pod| line.contains(pod.as_str()));
    let lines: Vec<&str> = printed.lines().collect();
    let last_old = lines.iter().rposition(|line| line.starts_with("DELETED") && is_old(line)).expect("old pods go");
    let first_new = lines.iter().position(|line| line.starts_with("ADDED") && !is_old(line)).expect("new pods come");
    assert!(last_old < first_new, "{printed}");
}

#[test]
fn a_paused_deployment_waits_and_a_rollover_goes_straight_to_the_last_template() {
    let Some(cluster) = rolled_out(3, "strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }") else { return };
    assert!(cluster.kubectl(&["rollout", "pause", "deploy/web"]).contains("deployment.apps/web paused"));
    set_image(&cluster, BROKEN);
    cluster.kubectl(&["scale", "deploy/web", "--replicas=4"]);
    cluster.eventually(&["get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}"], |ready| ready == "4");
    assert_eq!(cluster.kubectl(&["get", "rs", "-o", "name"]).lines().count(), 1, "paused: sizes only");
    let reason = ["get", "deploy", "web", "-o", "jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}"];
    assert_eq!(cluster.kubectl(&reason), "DeploymentPaused");
    assert!(cluster.kubectl(&["rollout", "resume", "deploy/web"]).contains("deployment.apps/web resumed"));
    cluster.eventually(&SIZES, |printed| sizes(printed) == [4, 1]);
    // in the middle of that roll-out, another one
    set_image(&cluster, "example/hello:v2");
    cluster.wait_rolled_out("web");
    cluster.eventually(&SIZES, |printed| sizes(printed) == [4, 0, 0]);
    // the last of the first template may still be on their way out
    cluster.eventually(&["get", "po", "-o", "jsonpath={.items[*].spec.containers[0].image}"], |images| {
        images.split_whitespace().all(|image| image == "example/hello:v2")
    });
    let again = cluster.refused(&["rollout", "resume", "deploy/web"]);
    assert!(again.contains("is not paused"), "{again}");
}

#[test]
fn scaling_in_the_middle_of_a_roll_out_is_shared_in_proportion() {
    let strategy = "strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } }";
    let Some(cluster) = rolled_out(10, strategy) else { return };
    set_image(&cluster, BROKEN);
    // the example of the documentation of Deployments: 8 and 5 become 11 and 7
    cluster.eventually(&SIZES, |printed| sizes(printed) == [8, 5]);
    cluster.kubectl(&["scale", "deploy/web", "--replicas=15"]);
    cluster.eventually(&SIZES, |printed| sizes(printed) == [11, 7]);
    let row = |printed: &str| printed.split_whitespace().map(str::to_owned).take(4).collect::<Vec<_>>();
    cluster.eventually(&["get", "deploy", "web", "--no-headers"], |printed| row(printed) == ["web", "11/15", "7", "11"]);
    cluster.kubectl(&["rollout", "undo", "deploy/web"]);
    cluster.wait_rolled_out("web");
    cluster.eventually(&SIZES, |printed| sizes(printed) == [15, 0]);
}

#[test]
fn a_deadline_that_passes_is_told_and_old_revisions_are_forgotten() {
    let more = "progressDeadlineSeconds: 2\n  revisionHistoryLimit: 1";
    let Some(cluster) = rolled_out(1, more) else { return };
    set_image(&cluster, BROKEN);
    let told = cluster.refused(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    assert!(told.contains("error: deployment \"web\" exceeded its progress deadline"), "{told}");
    let said = cluster.kubectl(&["describe", "deploy", "web"]);
    assert!(said.contains("Progressing    False   ProgressDeadlineExceeded"), "{said}");
    for image in ["example/hello:v2", IMAGE, "example/hello:v2", IMAGE] {
        set_image(&cluster, image);
        cluster.wait_rolled_out("web");
    }
    cluster.eventually(&SIZES, |printed| sizes(printed) == [1, 0]);
    let progressing = "jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}";
    assert_eq!(cluster.kubectl(&["get", "deploy", "web", "-o", progressing]), "NewReplicaSetAvailable");
    let history = cluster.kubectl(&["rollout", "history", "deploy/web"]);
    let revisions = history.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count();
    assert_eq!(revisions, 2, "{history}");
}

#[test]
fn min_ready_seconds_separate_ready_from_available() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", IMAGE);
    cluster.apply("create", &web(2, "minReadySeconds: 3"));
    let row = |printed: &str| printed.split_whitespace().map(str::to_owned).take(4).collect::<Vec<_>>();
    let shown = ["get", "deploy", "web", "--no-headers"];
    cluster.eventually(&shown, |printed| row(printed) == ["web", "2/2", "2", "0"]);
    let began = std::time::Instant::now();
    cluster.eventually(&shown, |printed| row(printed) == ["web", "2/2", "2", "2"]);
    assert!(began.elapsed() > std::time::Duration::from_secs(1), "available only after the seconds asked for");
    let told = cluster.kubectl(&["rollout", "status", "deploy/web", "--timeout=60s"]);
    assert!(told.contains("deployment \"web\" successfully rolled out"), "{told}");
}

#[test]
fn a_taken_name_is_a_collision_and_the_deployment_finds_another() {
    let Some(cluster) = rolled_out(1, "") else { return };
    let name = cluster.kubectl(&["get", "rs", "-o", "jsonpath={.items[0].metadata.name}"]);
    cluster.kubectl(&["delete", "deploy", "web", "--cascade=foreground"]);
    let squatter = web(0, "").replace("kind: Deployment", "kind: ReplicaSet").replace("app: web", "app: squatter");
    cluster.apply("create", &squatter.replace("name: web", &format!("name: {name}")));
    cluster.apply("create", &web(1, ""));
    cluster.wait_rolled_out("web");
    assert_eq!(cluster.kubectl(&["get", "deploy", "web", "-o", "jsonpath={.status.collisionCount}"]), "1");
    assert_eq!(cluster.kubectl(&["get", "rs", "-l", "app=web", "-o", "name"]).lines().count(), 1);
    assert_eq!(cluster.kubectl(&["get", "rs", &name, "-o", "jsonpath={.spec.replicas}"]), "0", "not touched");
}
