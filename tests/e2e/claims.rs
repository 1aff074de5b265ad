//! A claim is given a volume that suits it; neither goes while it is used.

use super::{controllers::IMAGE, harness::Cluster};

const MANIFEST: &str = "
apiVersion: v1
kind: PersistentVolume
metadata: { name: big }
spec: { capacity: { storage: 10Gi }, accessModes: [ReadWriteOnce], hostPath: { path: /tmp/coracle-none } }
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: small }
spec: { capacity: { storage: 2Gi }, accessModes: [ReadWriteOnce], hostPath: { path: /tmp/coracle-none } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], storageClassName: '', resources: { requests: { storage: 1Gi } } }
";

#[test]
fn the_smallest_volume_that_suits_is_bound_and_released() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", MANIFEST);
    let phase = |kind: &'static str, name: &'static str| ["get", kind, name, "-o", "jsonpath={.status.phase}"];
    cluster.eventually(&phase("pvc", "data"), |phase| phase == "Bound");
    assert_eq!(
        cluster.kubectl(&["get", "pvc", "data", "-o", "jsonpath={.spec.volumeName} {.status.capacity.storage}"]),
        "small 2Gi"
    );
    cluster.eventually(&phase("pv", "small"), |phase| phase == "Bound");
    cluster.eventually(&phase("pv", "big"), |phase| phase == "Available");
    let shown = cluster.kubectl(&["get", "pv", "small", "--no-headers"]);
    assert!(shown.contains("RWO") && shown.contains("default/data"), "{shown}");
    cluster.kubectl(&["delete", "pvc", "data", "--timeout=60s"]);
    cluster.eventually(&phase("pv", "small"), |phase| phase == "Released");
    cluster.kubectl(&["delete", "pv", "--all", "--timeout=60s"]);
}

#[test]
fn a_claim_that_a_pod_uses_stays_until_the_pod_is_gone() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", MANIFEST);
    // no node has this label: the pod only says what it wants
    let pod = format!(
        "
apiVersion: v1
kind: Pod
metadata: {{ name: user }}
spec:
  nodeSelector: {{ nowhere: 'true' }}
  volumes: [{{ name: data, persistentVolumeClaim: {{ claimName: data }} }}]
  containers: [{{ name: main, image: {IMAGE} }}]
"
    );
    cluster.apply("create", &pod);
    cluster.kubectl(&["delete", "pvc", "data", "--wait=false"]);
    let going = ["get", "pvc", "data", "--no-headers"];
    cluster.eventually(&going, |printed| printed.contains("Terminating"));
    cluster.kubectl(&["delete", "pod", "user", "--grace-period=0", "--force"]);
    cluster.kubectl(&["wait", "pvc/data", "--for=delete", "--timeout=60s"]);
}
