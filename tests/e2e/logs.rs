//! `kubectl logs` shows what was said, as much of it as is asked for, or why there is nothing.

use super::harness::{Cluster, text};

/// One container; `NAME`, `IMAGE` and `ARGS` are put in.
const POD: &str = "
apiVersion: v1
kind: Pod
metadata: { name: NAME }
spec:
  restartPolicy: POLICY
  containers:
  - { name: main, image: IMAGE, imagePullPolicy: Never, args: [ARGS] }
";

fn run(cluster: &Cluster, name: &str, policy: &str, arguments: &str) {
    let pod = POD.replace("NAME", name).replace("POLICY", policy).replace("ARGS", arguments);
    cluster.apply("apply", &pod.replace("IMAGE", "example/process"));
}

fn over(cluster: &Cluster, name: &str) {
    cluster.kubectl(&["wait", "--for=jsonpath={.status.phase}=Succeeded", &format!("pod/{name}"), "--timeout=60s"]);
}

#[test]
fn as_much_as_is_asked_for() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    run(&cluster, "talk", "Never", "print, one, complain, two, sleep, '1500', print, three");
    over(&cluster, "talk");
    assert_eq!(cluster.kubectl(&["logs", "talk"]), "one\ntwo\nthree\n");
    assert_eq!(cluster.kubectl(&["logs", "talk", "--tail=2"]), "two\nthree\n");
    assert_eq!(cluster.kubectl(&["logs", "talk", "--tail=0"]), "");
    assert_eq!(cluster.kubectl(&["logs", "talk", "--limit-bytes=5"]), "one\nt");
    let stamped = cluster.kubectl(&["logs", "talk", "--timestamps"]);
    let (times, words): (Vec<&str>, Vec<&str>) = stamped.lines().filter_map(|line| line.split_once(' ')).unzip();
    assert_eq!(words, ["one", "two", "three"]);
    assert!(times.is_sorted() && times.iter().all(|time| time.ends_with('Z')), "{stamped}");
    assert_eq!(cluster.kubectl(&["logs", "talk", &format!("--since-time={}", times[2])]), "three\n");
    assert_eq!(cluster.kubectl(&["logs", "talk", "--since=1h"]).lines().count(), 3);
}

#[test]
fn a_follower_sees_lines_as_they_come_and_ends_with_the_pod() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    run(&cluster, "slow", "Never", "print, one, sleep, '2000', print, two");
    cluster.eventually(&["logs", "slow"], |printed| printed == "one\n");
    let followed = cluster.kubectl(&["logs", "-f", "slow"]);
    assert_eq!(followed, "one\ntwo\n", "it did not return before the pod ended");
    over(&cluster, "slow");
    assert_eq!(cluster.kubectl(&["logs", "-f", "slow"]), followed, "nor does it wait where nothing more can come");
}

#[test]
fn the_run_before_this_one() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    cluster.apply("apply", include_str!("manifests/once.yaml"));
    over(&cluster, "once");
    assert_eq!(cluster.kubectl(&["logs", "once"]), "again\n");
    assert_eq!(cluster.kubectl(&["logs", "once", "--previous"]), "first\n");
    run(&cluster, "well", "Never", "print, done");
    over(&cluster, "well");
    assert_eq!(
        cluster.refused(&["logs", "well", "-p"]),
        "Error from server (BadRequest): previous terminated container \"main\" in pod \"well\" not found\n"
    );
}

#[test]
fn what_says_nothing_says_why() {
    let Some(cluster) = Cluster::start() else { return };
    let pod = POD.replace("POLICY", "Always").replace("ARGS", "");
    cluster.apply("apply", &pod.replace("NAME", "absent").replace("IMAGE", "example/absent"));
    cluster.eventually(&["get", "po", "absent"], |printed| printed.contains("ErrImageNeverPull"));
    assert_eq!(
        cluster.refused(&["logs", "absent"]),
        "Error from server (BadRequest): container \"main\" in pod \"absent\" is waiting to start: ErrImageNeverPull\n"
    );
    let pulled = pod.replace("NAME", "pulled").replace("IMAGE", "nginx").replace("Never", "Always");
    cluster.apply("apply", &pulled);
    cluster.eventually(&["get", "po", "pulled"], |printed| printed.contains("ImagePullBackOff"));
    assert_eq!(
        cluster.refused(&["logs", "pulled"]),
        "Error from server (BadRequest): container \"main\" in pod \"pulled\" is waiting to start: trying and failing to pull image\n"
    );
    let described = cluster.kubectl(&["describe", "po", "pulled"]);
    assert!(described.contains("docker.io/library/nginx") && described.contains("coracle load"), "{described}");
}

#[test]
fn of_several_containers_one_is_named() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    cluster.apply("apply", include_str!("manifests/two.yaml"));
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod/two", "--timeout=60s"]);
    cluster.eventually(&["logs", "two", "--all-containers", "--prefix"], |printed| {
        printed == "[pod/two/prepare] ready\n[pod/two/a] from a\n[pod/two/b] from b\n"
    });
    assert_eq!(cluster.kubectl(&["logs", "two", "-c", "b"]), "from b\n");
    let defaulted = cluster.kubectl_command(&["logs", "two"]).output().unwrap();
    assert_eq!(text(&defaulted.stdout), "from a\n");
    assert_eq!(text(&defaulted.stderr), "Defaulted container \"a\" out of: a, b, prepare (init)\n");
    let unnamed = cluster.refused(&["get", "--raw", "/api/v1/namespaces/default/pods/two/log"]);
    assert_eq!(
        unnamed,
        "Error from server (BadRequest): a container name must be specified for pod two, choose one of: [a b] \
         or one of the init containers: [prepare]\n"
    );
}
