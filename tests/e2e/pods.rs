//! A pod's life, seen from outside: phases, exit codes, environment, volumes, probes, its end and the node's restart.

use std::time::{Duration, Instant};

use super::{
    harness::{Cluster, text},
    http,
};

/// A process whose words are `ARGS`; `SPEC` and `CONTAINER` are further fields.
const PROCESS: &str = "
apiVersion: v1
kind: Pod
metadata: { name: NAME }
spec:
  restartPolicy: POLICY
  terminationGracePeriodSeconds: 1
  SPEC
  containers:
  - name: main
    image: example/process
    imagePullPolicy: Never
    args: [ARGS]
    CONTAINER
---
";

/// A handler behind a NodePort.
const HANDLER: &str = "
apiVersion: v1
kind: Service
metadata: { name: NAME }
spec: { type: NodePort, selector: { app: NAME }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: NAME, labels: { app: NAME } }
spec:
  SPEC
  containers:
  - name: main
    image: example/fixture
    imagePullPolicy: Never
    ports: [{ containerPort: 8080 }]
    CONTAINER
---
";

pub(super) fn process(name: &str, policy: &str, arguments: &str, spec: &str, container: &str) -> String {
    let pod = PROCESS.replace("NAME", name).replace("POLICY", policy).replace("ARGS", arguments);
    pod.replace("SPEC", spec).replace("CONTAINER", container)
}

pub(super) fn handler(name: &str, spec: &str, container: &str) -> String {
    HANDLER.replace("NAME", name).replace("SPEC", spec).replace("CONTAINER", container)
}

#[track_caller]
pub(super) fn status(cluster: &Cluster, pod: &str, expected: &str) {
    cluster.eventually(&["get", "po", pod, "--no-headers"], |printed| printed.split_whitespace().nth(2) == Some(expected));
}

#[track_caller]
pub(super) fn field(cluster: &Cluster, pod: &str, path: &str) -> String {
    cluster.kubectl(&["get", "po", pod, "-o", &format!("jsonpath={{{path}}}")])
}

#[track_caller]
pub(super) fn ready(cluster: &Cluster, pod: &str) {
    cluster.kubectl(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=60s"]);
}

#[test]
fn how_it_ended_is_what_kubectl_shows() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let init = |arguments| {
        format!("initContainers: [{{ name: i, image: example/process, imagePullPolicy: Never, args: [{arguments}] }}]")
    };
    let limit = "resources: { limits: { memory: 16Mi } }";
    let all = [
        process("good", "Never", "print, hello", "", ""),
        process("bad", "Never", "exit, '3'", "", ""),
        process("trapped", "Never", "trap", "", ""),
        process("greedy", "Never", "allocate", "", limit),
        process("again", "Always", "exit, '0'", "", ""),
        process("late", "Never", "sleep, '1000000'", "activeDeadlineSeconds: 1", ""),
        process("first", "Always", "sleep, '1000000'", &init("sleep, '3000'"), ""),
        process("never", "Never", "print, never", &init("exit, '1'"), ""),
    ];
    cluster.apply("apply", &all.concat());
    status(&cluster, "first", "Init:0/1");
    for (pod, shown, phase, code) in [
        ("good", "Completed", "Succeeded", "0"),
        ("bad", "Error", "Failed", "3"),
        ("trapped", "Error", "Failed", "134"),
        ("greedy", "OOMKilled", "Failed", "137"),
        ("late", "Error", "Failed", "137"),
        ("never", "Init:Error", "Failed", ""),
    ] {
        status(&cluster, pod, shown);
        assert_eq!(field(&cluster, pod, ".status.phase"), phase, "{pod}");
        assert_eq!(field(&cluster, pod, ".status.containerStatuses[0].state.terminated.exitCode"), code, "{pod}");
        assert_eq!(field(&cluster, pod, ".status.containerStatuses[0].restartCount"), "0", "{pod}");
    }
    assert_eq!(field(&cluster, "late", ".status.reason"), "DeadlineExceeded");
    status(&cluster, "again", "CrashLoopBackOff");
    assert_eq!(field(&cluster, "again", ".status.phase"), "Running");
    status(&cluster, "first", "Running");
}

#[test]
fn a_volume_outlives_the_container_but_not_the_pod() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    for _ in 0..2 {
        // it fails unless it finds what its first run wrote
        cluster.apply("apply", include_str!("manifests/once.yaml"));
        status(&cluster, "once", "Completed");
        assert_eq!(field(&cluster, "once", ".status.containerStatuses[0].restartCount"), "1");
        assert_eq!(field(&cluster, "once", ".status.containerStatuses[0].lastState.terminated.exitCode"), "4");
        cluster.kubectl(&["delete", "po", "once"]);
    }
}

#[test]
fn environment_and_files_are_what_the_manifest_says() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    cluster.load_guest("fixture");
    let host = cluster.directory().join("host");
    std::fs::create_dir(&host).unwrap();
    std::fs::write(host.join("file"), "of the host").unwrap();
    cluster.apply("apply", &include_str!("manifests/everything.yaml").replace("HOST", host.to_str().unwrap()));
    ready(&cluster, "everything");
    let written = cluster.kubectl(&["logs", "everything", "-c", "write"]);
    assert!(written.starts_with("wrote /empty/x/y\ncannot write /host/no"), "{written}");
    assert!(!host.join("no").exists());

    let address = cluster.node_port("everything");
    let env = http::until_served(&address, "/env").body;
    let ip = format!("IP={}", field(&cluster, "everything", ".status.podIP"));
    let lines: Vec<&str> = env.lines().collect();
    for expected in [
        "V=v",
        "W=v-$(NOBODY)-$(V)",
        &ip,
        "LABEL=everything",
        "CPU=2",
        "MEMORY=64",
        "MAP=A1",
        "SECRET=S1",
        "P_a=A1",
        "P_b=B1",
        "k=S1",
        "HOSTNAME=everything",
        "KUBERNETES_SERVICE_HOST=10.43.0.1",
        "KUBERNETES_SERVICE_PORT=443",
        "EVERYTHING_SERVICE_PORT=80",
    ] {
        assert!(lines.contains(&expected), "{expected} is not in\n{env}");
    }
    assert!(!env.contains("OPTIONAL="), "{env}");

    let read = |path: &str| http::get(&address, path).unwrap().body;
    for (path, expected) in [
        ("/map/a", "A1"),
        ("/secret/deep/k", "S1"),
        ("/projected/bb", "B1"),
        ("/projected/k", "S1"),
        ("/etc/app.conf", "A1"),
        ("/empty/sub/dir/y", "shared"),
        ("/host/file", "of the host"),
        ("/var/run/secrets/kubernetes.io/serviceaccount/namespace", "default"),
    ] {
        assert_eq!(read(path), expected, "{path}");
    }
    assert!(read("/down/notes").contains("note=\"one\""), "{}", read("/down/notes"));

    cluster.kubectl(&["patch", "configmap", "files", "-p", r#"{"data":{"a":"A2"}}"#]);
    cluster.kubectl(&["annotate", "po", "everything", "--overwrite", "note=two"]);
    http::until(&address, "/map/a", |answer| answer.body == "A2");
    http::until(&address, "/down/notes", |answer| answer.body.contains("note=\"two\""));
    assert_eq!(read("/etc/app.conf"), "A1", "a subPath is not brought up to date");
}

#[test]
fn what_a_pod_lacks_is_said_and_cured() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let env = "env: [{ name: A, valueFrom: { configMapKeyRef: { name: settings, key: a } } }]";
    cluster.apply("apply", &process("lacks", "Never", "env", "", env));
    status(&cluster, "lacks", "CreateContainerConfigError");
    cluster.eventually(&["get", "events"], |printed| printed.contains("Error: configmap \"settings\" not found"));
    cluster.kubectl(&["create", "configmap", "settings", "--from-literal=b=1"]);
    let words = "Error: couldn't find key a in ConfigMap default/settings";
    cluster.eventually(&["get", "events"], |printed| printed.contains(words));
    cluster.kubectl(&["patch", "configmap", "settings", "-p", r#"{"data":{"a":"found"}}"#]);
    status(&cluster, "lacks", "Completed");
    assert!(cluster.kubectl(&["logs", "lacks"]).contains("A=found\n"));
}

#[test]
fn readiness_takes_a_pod_out_of_its_service_and_back() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("fixture");
    cluster.kubectl(&["create", "configmap", "state", "--from-literal=ready=yes"]);
    let probes = "readinessProbe: { httpGet: { path: /state/ready, port: 8080 }, periodSeconds: 1, failureThreshold: 1 }
    startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
    volumeMounts: [{ name: state, mountPath: /state }]";
    cluster.apply("apply", &handler("probed", "volumes: [{ name: state, configMap: { name: state } }]", probes));
    ready(&cluster, "probed");
    http::until_served(&cluster.node_port("probed"), "/");
    let endpoints = ["get", "endpoints", "probed", "-o", "jsonpath={.subsets[*].addresses[*].ip}"];
    let ip = field(&cluster, "probed", ".status.podIP");
    assert_eq!(cluster.kubectl(&endpoints), ip);
    cluster.kubectl(&["patch", "configmap", "state", "-p", r#"{"data":{"ready":null}}"#]);
    cluster.eventually(&endpoints, str::is_empty);
    cluster.eventually(&["get", "po", "probed", "--no-headers"], |printed| {
        printed.contains("0/1") && printed.contains("Running")
    });
    let words = "Readiness probe failed: HTTP probe failed with statuscode: 404";
    cluster.eventually(&["get", "events"], |printed| printed.contains(words));
    cluster.kubectl(&["patch", "configmap", "state", "-p", r#"{"data":{"ready":"yes"}}"#]);
    cluster.eventually(&endpoints, |printed| printed == ip);
    assert_eq!(field(&cluster, "probed", ".status.containerStatuses[0].restartCount"), "0");
}

#[test]
fn a_startup_probe_that_never_succeeds_restarts_the_container() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("fixture");
    let probe = "startupProbe: { tcpSocket: { port: 9 }, periodSeconds: 1, failureThreshold: 1 }";
    cluster.apply("apply", &handler("stuck", "", probe));
    let restarts = ["get", "po", "stuck", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"];
    cluster.eventually(&restarts, |printed| printed.parse::<u32>().is_ok_and(|count| count >= 1));
    cluster.eventually(&["get", "events"], |printed| {
        printed.contains("Container main failed startup probe, will be restarted")
    });
    assert_eq!(field(&cluster, "stuck", ".status.containerStatuses[0].ready"), "false");
}

#[test]
fn a_request_in_flight_is_finished_before_the_pod_goes() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("fixture");
    cluster.apply("apply", &handler("slow", "terminationGracePeriodSeconds: 20", ""));
    ready(&cluster, "slow");
    let address = cluster.node_port("slow");
    http::until_served(&address, "/");
    let asked = {
        let address = address.clone();
        std::thread::spawn(move || http::get(&address, "/slow"))
    };
    // a second one, once it is being answered, shows that the first is on its way
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    cluster.kubectl(&["delete", "po", "slow"]);
    let answer = asked.join().unwrap().expect("the pod waited for it");
    assert_eq!((answer.status, answer.body.as_str()), (200, "slow\n"));
    assert!(began.elapsed() < Duration::from_secs(15), "nor longer than for that");
    cluster.eventually(&["get", "events"], |printed| printed.contains("Stopping container main"));

    let spin = handler("spin", "terminationGracePeriodSeconds: 300", "");
    cluster.apply("apply", &spin);
    ready(&cluster, "spin");
    let address = cluster.node_port("spin");
    http::until_served(&address, "/");
    let lost = std::thread::spawn(move || http::get(&address, "/spin"));
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    cluster.kubectl(&["delete", "po", "spin", "--grace-period=0", "--force"]);
    assert!(lost.join().unwrap().map_or(true, |answer| answer.status >= 500), "force waits for nobody");
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_restarted_node_runs_its_pods_again() {
    let Some(mut cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let all = [
        process("runs", "Always", "print, up, sleep, '1000000'", "", ""),
        process("done", "Never", "print, done", "", ""),
        process("job", "Never", "sleep, '1000000'", "", ""),
    ];
    cluster.apply("apply", &all.concat());
    status(&cluster, "done", "Completed");
    ready(&cluster, "runs");
    ready(&cluster, "job");
    let ip = field(&cluster, "runs", ".status.podIP");
    for restarts in ["1", "2"] {
        match restarts {
            "1" => assert_eq!(cluster.stop(), Some(0)),
            _ => cluster.kill(),
        }
        cluster.up(&[]);
        cluster
            .eventually(&["get", "po", "runs", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"], |printed| {
                printed == restarts
            });
        ready(&cluster, "runs");
        assert_eq!(field(&cluster, "runs", ".status.podIP"), ip);
        cluster.eventually(&["logs", "runs"], |printed| printed == "up\n");
        assert_eq!(cluster.kubectl(&["logs", "runs", "--previous"]), "up\n");
    }
    assert_eq!(field(&cluster, "done", ".status.containerStatuses[0].restartCount"), "0");
    status(&cluster, "job", "Unknown");
    assert_eq!(field(&cluster, "job", ".status.phase"), "Failed", "what must not run twice does not");
}

#[test]
fn bad_neighbours_are_no_harm() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    cluster.load_guest("fixture");
    cluster.apply("apply", &handler("good", "", ""));
    let limit = "resources: { limits: { memory: 32Mi } }";
    let bad = [
        process("spins", "Never", "spin", "", ""),
        process("floods", "Never", "flood, '1000000'", "", ""),
        process("grows", "Always", "allocate", "", limit),
    ];
    cluster.apply("apply", &bad.concat());
    ready(&cluster, "good");
    let address = cluster.node_port("good");
    http::until_served(&address, "/");
    let mut worst = Duration::ZERO;
    for _ in 0..200 {
        let began = Instant::now();
        assert_eq!(http::get(&address, "/").unwrap().status, 200);
        worst = worst.max(began.elapsed());
    }
    assert!(worst < Duration::from_secs(2), "{worst:?}");
    status(&cluster, "grows", "CrashLoopBackOff");
    // 100 MB were written: what is kept is less, and its end is there; where output was dropped, lines may have grown together
    let last = cluster.kubectl(&["logs", "floods", "--tail=1"]);
    assert!(!last.is_empty() && last.len() < 1_000_000, "{} bytes", last.len());
    cluster.kubectl(&["delete", "po", "spins", "floods", "grows", "--timeout=30s"]);
}

#[test]
fn what_is_no_wasm_is_refused_in_words_that_help() {
    let Some(cluster) = Cluster::start() else { return };
    for (file, content) in [("elf", &b"\x7fELF\x02\x01\x01\0"[..]), ("garbage", b"hello"), ("empty", b"")] {
        let path = cluster.directory().join(file);
        std::fs::write(&path, content).unwrap();
        let done = cluster.coracle(&["load", path.to_str().unwrap(), "example/broken"]);
        let said = text(&done.stderr);
        assert!(!done.status.success(), "{file}");
        assert!(said.starts_with("error: ") && said.contains("WebAssembly"), "{file}: {said}");
        assert_eq!(said.contains("it is a Linux program"), file == "elf", "{file}: {said}");
        assert_eq!(said.matches("WebAssembly").count(), 1, "said once: {said}");
    }
    let upper = process("upper", "Never", "print, x", "", "").replace("example/process", "Example/UPPER");
    cluster.apply("apply", &upper);
    status(&cluster, "upper", "InvalidImageName");
}
