//! Custom kinds are like any other to those who clean up: their objects go with their owner, their namespace and their definition.

use crate::harness::Cluster;

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ships.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: ships, kind: Ship }
  versions:
  - name: v1
    served: true
    storage: true
    schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
";

fn ship(namespace: &str, name: &str, metadata: &str) -> String {
    format!(
        "apiVersion: example.com/v1\nkind: Ship\nmetadata: {{ name: {name}, namespace: {namespace}{metadata} }}\nspec: {{ any: thing }}\n---\n"
    )
}

#[test]
fn custom_objects_go_with_owner_namespace_and_definition() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", DEFINITION);
    cluster.kubectl(&["wait", "--for=condition=Established", "crd/ships.example.com", "--timeout=10s"]);

    cluster.kubectl(&["create", "configmap", "owner"]);
    let uid = cluster.kubectl(&["get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}"]);
    let owners = format!(", ownerReferences: [{{ apiVersion: v1, kind: ConfigMap, name: owner, uid: {} }}]", uid.trim());
    cluster.apply("create", &ship("default", "owned", &owners));
    cluster.apply("create", &ship("default", "free", ""));
    cluster.kubectl(&["delete", "configmap", "owner"]);
    let left = cluster.eventually(&["get", "ships", "-o", "name"], |ships| !ships.contains("owned"));
    assert!(left.contains("ship.example.com/free"), "{left}");

    cluster.kubectl(&["create", "namespace", "port"]);
    cluster.apply("create", &ship("port", "anchored", ""));
    cluster.kubectl(&["delete", "namespace", "port", "--timeout=30s"]);
    let left = cluster.kubectl(&["get", "ships", "--all-namespaces", "-o", "name"]);
    assert_eq!(left.trim(), "ship.example.com/free");

    let many: String = (0..1000).map(|n| ship("default", &format!("ship-{n}"), "")).collect();
    cluster.apply("create", &many);
    cluster.kubectl(&["delete", "crd", "ships.example.com", "--timeout=30s"]);
    let kinds = cluster.kubectl(&["api-resources", "--api-group=example.com", "-o", "name"]);
    assert_eq!(kinds.trim(), "");
    // defined anew there is nothing of the old ones
    cluster.apply("create", DEFINITION);
    cluster.kubectl(&["wait", "--for=condition=Established", "crd/ships.example.com", "--timeout=10s"]);
    assert_eq!(cluster.eventually(&["get", "ships", "-o", "name"], |_| true).trim(), "");
}
