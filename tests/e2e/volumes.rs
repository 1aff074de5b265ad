//! Volumes that outlive their pods, places of the host's, and pods that take too much room.

use super::{
    harness::Cluster,
    pods::{field, process, status},
};

const CLAIMED: &str = "
apiVersion: v1
kind: PersistentVolume
metadata: { name: NAME }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  claimRef: { namespace: default, name: NAME }
  SOURCE
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: NAME }
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  volumeName: NAME
  resources: { requests: { storage: 1Gi } }
---
";

/// Binds a claim to its volume, as the controller of both does.
fn bind(cluster: &Cluster, name: &str) {
    let uid = cluster.kubectl(&["get", "pvc", name, "-o", "jsonpath={.metadata.uid}"]);
    let claim = format!(r#"{{"spec":{{"claimRef":{{"uid":"{uid}"}}}}}}"#);
    cluster.kubectl(&["patch", "pv", name, "-p", &claim]);
    cluster.kubectl(&["patch", "pvc", name, "--subresource=status", "-p", r#"{"status":{"phase":"Bound"}}"#]);
}

#[test]
fn a_claimed_volume_outlives_its_pod() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let place = cluster.directory().join("claimed");
    let source = |kind: &str| format!("{kind}: {{ path: {} }}", place.display());
    for (name, source) in [("host", source("hostPath")), ("local", source("local"))] {
        let node = if name == "local" {
            "\n  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: Exists }] }] } }"
        } else {
            ""
        };
        cluster.apply("apply", &CLAIMED.replace("NAME", name).replace("SOURCE", &(source + node)));
    }
    let volumes = |claim: &str| {
        format!("volumes: [{{ name: v, persistentVolumeClaim: {{ claimName: {claim} }} }}]\n  nodeName: coracle")
    };
    let mount = "volumeMounts: [{ name: v, mountPath: /v, subPath: sub }]";
    cluster.apply("apply", &process("writes", "Never", "write, /v/x, kept", &volumes("host"), mount));
    if cluster.kubectl(&["get", "pvc", "host", "-o", "jsonpath={.status.phase}"]) != "Bound" {
        cluster.eventually(&["get", "events"], |printed| printed.contains("PVC default/host has non-bound phase"));
    }
    bind(&cluster, "host");
    bind(&cluster, "local");
    status(&cluster, "writes", "Completed");
    cluster.kubectl(&["delete", "po", "writes"]);
    cluster.apply("apply", &process("reads", "Never", "read, /v/x", &volumes("local"), mount));
    status(&cluster, "reads", "Completed");
    assert_eq!(cluster.kubectl(&["logs", "reads"]), "kept\n");
    assert_eq!(std::fs::read_to_string(place.join("sub/x")).unwrap(), "kept");
}

#[test]
fn places_of_the_host_must_be_what_was_asked_for() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let file = cluster.directory().join("file");
    std::fs::write(&file, "of the host").unwrap();
    let pod = |name: &str, kind: &str| {
        let volumes = format!("volumes: [{{ name: v, hostPath: {{ path: {}, type: {kind} }} }}]", file.display());
        process(
            name,
            "Never",
            "read, /etc/file, read, /etc/hostname",
            &volumes,
            "volumeMounts: [{ name: v, mountPath: /etc/file }]",
        )
    };
    let share = process("share", "Never", "print, x", "volumes: [{ name: v, nfs: { server: s, path: / } }]", "");
    cluster.apply("apply", &(pod("good", "File") + &pod("bad", "Directory") + &share));
    status(&cluster, "good", "Completed");
    assert_eq!(cluster.kubectl(&["logs", "good"]), "of the host\ngood\n\n");
    cluster.eventually(&["get", "events"], |printed| {
        let said = |words: &str| printed.contains(words);
        said("hostPath type check failed: ")
            && said(" is not a directory")
            && said("nfs volumes are not supported by this node")
    });
    status(&cluster, "bad", "ContainerCreating");
}

#[test]
fn who_takes_too_much_room_is_evicted() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load_guest("process");
    let text = "x".repeat(100_000);
    let writes = |path: &str| format!("write, {path}, {text}, sleep, '1000000'");
    let volumes = "volumes: [{ name: v, emptyDir: { sizeLimit: 64Ki } }]";
    let mount = "volumeMounts: [{ name: v, mountPath: /v }]";
    let limit = "resources: { limits: { ephemeral-storage: 64Ki } }";
    let all = [
        process("volume", "Always", &writes("/v/x"), volumes, mount),
        process("root", "Always", &writes("/tmp/x"), "", limit),
        process("good", "Always", "sleep, '1000000'", volumes, mount),
    ];
    cluster.apply("apply", &all.concat());
    for (pod, message) in [
        ("volume", "Usage of EmptyDir volume \"v\" exceeds the limit \"64Ki\". "),
        ("root", "Container main exceeded its local ephemeral storage limit \"64Ki\". "),
    ] {
        cluster.eventually(&["get", "po", pod, "-o", "jsonpath={.status.reason}"], |printed| printed == "Evicted");
        assert_eq!(field(&cluster, pod, ".status.phase"), "Failed", "{pod}");
        assert_eq!(field(&cluster, pod, ".status.message"), message, "{pod}");
    }
    status(&cluster, "good", "Running");
}
