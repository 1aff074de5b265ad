//! What a container is told, what it leaves behind, and what is run beside it: messages, hosts files, probes and hooks that are programs.

use super::{
    harness::Cluster,
    pods::{field, handler, process, ready, status},
};

const MESSAGE: &str = ".status.containerStatuses[0].state.terminated.message";

#[test]
fn a_container_leaves_a_message() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let fallback = "terminationMessagePolicy: FallbackToLogsOnError";
    let read_only = "securityContext: { readOnlyRootFilesystem: true }\n    terminationMessagePath: /dev/last";
    let long = "x".repeat(5000);
    let all = [
        process("file", "Never", "write, /dev/termination-log, bye", "", fallback),
        process("own", "Never", "write, /dev/last, mine, write, /tmp/x, text", "", read_only),
        process("long", "Never", &format!("write, /dev/termination-log, {long}"), "", ""),
        process("logged", "Never", "print, DONE, exit, '1'", "", fallback),
        process("fine", "Never", "print, DONE", "", fallback),
        process("silent", "Never", "print, DONE, exit, '1'", "", ""),
        process("trapped", "Never", "trap", "", ""),
    ];
    cluster.apply("apply", &all.concat());
    for (pod, shown, message) in [
        ("file", "Completed", "bye"),
        ("own", "Completed", "mine"),
        ("long", "Completed", &long[..4096]),
        ("logged", "Error", "DONE\n"),
        ("fine", "Completed", ""),
        ("silent", "Error", ""),
    ] {
        status(&cluster, pod, shown);
        assert_eq!(field(&cluster, pod, MESSAGE), message, "{pod}");
    }
    assert!(cluster.kubectl(&["logs", "own"]).contains("cannot write /tmp/x"), "the root is read only");
    status(&cluster, "trapped", "Error");
    let backtrace = field(&cluster, "trapped", MESSAGE);
    assert!(backtrace.contains("unreachable") && backtrace.contains("wasm backtrace"), "{backtrace}");
}

#[test]
fn a_pod_knows_its_name_and_its_neighbours() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let spec = "hostname: me
  subdomain: sub
  setHostnameAsFQDN: true
  hostAliases: [{ ip: 1.2.3.4, hostnames: [a.example, b.example] }]
  dnsConfig: { nameservers: [1.1.1.1], options: [{ name: ndots, value: '2' }] }";
    let reads = "read, /etc/hosts, read, /etc/hostname, read, /etc/resolv.conf, env";
    cluster.apply("apply", &process("told", "Never", reads, spec, ""));
    status(&cluster, "told", "Completed");
    let told = cluster.kubectl(&["logs", "told"]);
    let name = "me.sub.default.svc.cluster.local";
    let own = format!("{}\t{name}\tme\n", field(&cluster, "told", ".status.podIP"));
    for expected in [
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n",
        own.as_str(),
        "# Entries added by HostAliases.\n1.2.3.4\ta.example\tb.example\n",
        &format!("\n{name}\n"),
        "search default.svc.cluster.local svc.cluster.local cluster.local",
        "nameserver 10.43.0.10\nnameserver 1.1.1.1\noptions ndots:2\n",
        &format!("HOSTNAME={name}\n"),
    ] {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
}

#[test]
fn a_guest_says_by_grpc_that_it_is_well() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("fixture");
    let probe = |port: &str| format!("readinessProbe: {{ grpc: {{ port: {port} }}, periodSeconds: 1 }}");
    cluster.apply("apply", &(handler("well", "", &probe("8080")) + &handler("mute", "", &probe("9"))));
    ready(&cluster, "well");
    let words = "Readiness probe failed: error: failed to connect service at";
    cluster.eventually(&["get", "events"], |printed| printed.contains(words));
    assert_eq!(field(&cluster, "mute", ".status.containerStatuses[0].ready"), "false");
}

#[test]
fn probes_and_hooks_run_programs_in_the_container() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let host = cluster.directory().join("host");
    std::fs::create_dir(&host).unwrap();
    let volumes = format!("volumes: [{{ name: host, hostPath: {{ path: {} }} }}]", host.display());
    let sleeps = "sleep, '1000000'";
    let mount = "volumeMounts: [{ name: host, mountPath: /host }]";
    let probed = format!(
        "{mount}
    startupProbe: {{ exec: {{ command: [process, once, /tmp/second, exit, '1'] }}, periodSeconds: 1 }}
    lifecycle:
      postStart: {{ exec: {{ command: [process, write, /host/began, text] }} }}
      preStop: {{ exec: {{ command: [process, write, /host/ended, text] }} }}"
    );
    let dead =
        "livenessProbe: { exec: { command: [process, print, dead, exit, '7'] }, periodSeconds: 1, failureThreshold: 1 }";
    let absent = "readinessProbe: { exec: { command: [/bin/nothing] }, periodSeconds: 1 }";
    let slow = "readinessProbe: { exec: { command: [process, sleep, '100000'] }, periodSeconds: 1, timeoutSeconds: 1 }";
    let hooked = "lifecycle: { postStart: { exec: { command: [process, exit, '1'] } } }";
    let all = [
        process("probed", "Always", sleeps, &volumes, &probed),
        process("dead", "Always", sleeps, "", dead),
        process("absent", "Always", sleeps, "", absent),
        process("slow", "Always", sleeps, "", slow),
        process("hooked", "Always", sleeps, "", hooked),
    ];
    cluster.apply("apply", &all.concat());
    ready(&cluster, "probed");
    assert_eq!(std::fs::read_to_string(host.join("began")).unwrap(), "text");
    for words in [
        "Startup probe failed:",
        "Liveness probe failed: dead",
        "Container main failed liveness probe, will be restarted",
        "Readiness probe errored and resulted in unknown state: ",
        "executable file not found in $PATH",
        "timed out after 1s",
        "PostStartHook failed",
    ] {
        cluster.eventually(&["get", "events"], |printed| printed.contains(words));
    }
    let restarts = ["get", "po", "hooked", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"];
    cluster.eventually(&restarts, |printed| printed != "0" && !printed.is_empty());
    for pod in ["absent", "slow"] {
        assert_eq!(field(&cluster, pod, ".status.containerStatuses[0].ready"), "false", "{pod}");
    }
    assert!(!host.join("ended").exists());
    cluster.kubectl(&["delete", "po", "probed"]);
    assert_eq!(std::fs::read_to_string(host.join("ended")).unwrap(), "text");
}

#[test]
fn containers_beside_the_pods_own() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let host = cluster.directory().join("host");
    std::fs::create_dir(&host).unwrap();
    let sidecar = |name: &str| {
        format!(
            "{{ name: {name}, image: example/process, imagePullPolicy: Never, restartPolicy: Always, args: [sleep, '1000000'],
               startupProbe: {{ exec: {{ command: [process, once, /tmp/up, exit, '1'] }}, periodSeconds: 1 }},
               lifecycle: {{ preStop: {{ exec: {{ command: [process, write, /host/{name}, text] }} }} }},
               volumeMounts: [{{ name: host, mountPath: /host }}] }}"
        )
    };
    let spec = format!(
        "volumes: [{{ name: host, hostPath: {{ path: {} }} }}]\n  initContainers: [{}, {}]",
        host.display(),
        sidecar("one"),
        sidecar("two")
    );
    cluster.apply("apply", &process("job", "Never", "sleep, '1000'", &spec, ""));
    status(&cluster, "job", "Completed");
    assert_eq!(field(&cluster, "job", ".status.phase"), "Succeeded");
    let written = |name: &str| std::fs::metadata(host.join(name)).unwrap().modified().unwrap();
    assert!(written("two") <= written("one"), "the last to come is the first to go");

    let rules = "restartPolicy: Never
    restartPolicyRules: [{ action: Restart, exitCodes: { operator: In, values: [4] } }]
    volumeMounts: [{ name: v, mountPath: /v }]";
    cluster
        .apply("apply", &process("ruled", "Never", "once, /v/x, exit, '4'", "volumes: [{ name: v, emptyDir: {} }]", rules));
    status(&cluster, "ruled", "Completed");
    assert_eq!(field(&cluster, "ruled", ".status.containerStatuses[0].restartCount"), "1");

    cluster.apply("apply", &process("plain", "Always", "sleep, '1000000'", "", ""));
    ready(&cluster, "plain");
    let debug = [
        "debug",
        "plain",
        "--image=example/process",
        "--image-pull-policy=Never",
        "-c",
        "look",
        "--",
        "process",
        "print",
        "looked",
    ];
    cluster.kubectl(&debug);
    let ended = ["get", "po", "plain", "-o", "jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"];
    cluster.eventually(&ended, |printed| printed == "0");
    assert_eq!(cluster.kubectl(&["logs", "plain", "-c", "look"]), "looked\n");
    assert_eq!(field(&cluster, "plain", ".status.phase"), "Running");
}

#[test]
fn a_pod_that_does_not_fit_is_refused_by_the_node() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let node = "nodeName: coracle";
    let port = "ports: [{ containerPort: 80, hostPort: 8080 }]";
    let first = process("first", "Always", "sleep, '1000000'", node, port);
    cluster.apply("apply", &first);
    ready(&cluster, "first");
    let large = "resources: { requests: { cpu: '1000' } }";
    let second = process("second", "Always", "sleep, '1000000'", node, port);
    cluster.apply("apply", &(second.clone() + &process("large", "Always", "exit, '0'", node, large)));
    for (pod, reason, message) in [
        (
            "second",
            "NodePorts",
            "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
        ),
        ("large", "OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: 0"),
    ] {
        status(&cluster, pod, reason);
        assert_eq!(field(&cluster, pod, ".status.phase"), "Failed");
        let said = field(&cluster, pod, ".status.message");
        assert!(said.starts_with(message), "{said}");
        assert_eq!(field(&cluster, pod, ".status.containerStatuses"), "");
    }
    cluster.kubectl(&["delete", "po", "first", "second"]);
    cluster.apply("apply", &second);
    ready(&cluster, "second");
}

#[test]
fn what_a_guest_may_not_import_and_how_much_it_may_use() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    // (module (import "env" "f" (func)) (func (export "_start")))
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x09\x01\x03env\x01f\0\0\x03\x02\x01\0\x07\x0a\x01\x06_start\0\x01\x0a\x04\x01\x02\0\x0b";
    let file = cluster.directory().join("import.wasm");
    std::fs::write(&file, module).unwrap();
    let loaded = cluster.coracle(&["load", file.to_str().unwrap(), "example/import"]);
    assert!(loaded.status.success());
    let limit = "resources: { limits: { cpu: 100m } }";
    let all = [
        process("import", "Never", "x", "", "").replace("example/process", "example/import"),
        process("spins", "Never", "spin", "", limit),
        process("quick", "Never", "print, x", "", limit),
    ];
    cluster.apply("apply", &all.concat());
    status(&cluster, "import", "CreateContainerError");
    let message = field(&cluster, "import", ".status.containerStatuses[0].state.waiting.message");
    assert!(message.ends_with("imports what this node does not provide: env::f"), "{message}");
    status(&cluster, "quick", "Completed");
    ready(&cluster, "spins");
    let shown = field(&cluster, "spins", ".status.containerStatuses[0].allocatedResources.cpu");
    assert_eq!(shown, "100m");
}
