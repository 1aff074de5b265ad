//! What nobody owns goes, in the way its owner was deleted; what somebody still owns stays.

use super::{controllers::IMAGE, harness::Cluster};

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: hello, image: IMAGE }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
";

fn deployed() -> Option<Cluster> {
    let cluster = Cluster::start()?;
    cluster.load("hello", IMAGE);
    cluster.apply("create", &WEB.replace("IMAGE", IMAGE));
    cluster.wait_rolled_out("web");
    Some(cluster)
}

/// A ConfigMap with owners: name and uid, and whether the owner's deletion waits for it.
fn owned(name: &str, owners: &[(&str, &str)]) -> String {
    let reference = |(owner, uid): &(&str, &str)| {
        format!("{{ apiVersion: v1, kind: ConfigMap, name: {owner}, uid: {uid}, blockOwnerDeletion: true }}")
    };
    let references: Vec<String> = owners.iter().map(reference).collect();
    format!(
        "\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name}, ownerReferences: [{}] }}\n---",
        references.join(", ")
    )
}

fn uid(cluster: &Cluster, name: &str) -> String {
    cluster.kubectl(&["get", "configmap", name, "-o", "jsonpath={.metadata.uid}"])
}

#[test]
fn deleting_the_manifest_leaves_nothing() {
    let Some(cluster) = deployed() else { return };
    cluster.apply("delete", &WEB.replace("IMAGE", IMAGE));
    for kind in ["deploy", "rs", "po"] {
        cluster.eventually(&["get", kind, "-o", "name"], str::is_empty);
    }
    for kind in ["endpoints", "endpointslices", "svc"] {
        cluster.eventually(&["get", kind, "-o", "name"], |printed| printed.lines().count() == 1);
    }
}

#[test]
fn foreground_waits_for_the_tree_and_orphans_stay() {
    let Some(cluster) = deployed() else { return };
    let pods = cluster.pods("app=web");
    cluster.kubectl(&["delete", "deploy", "web", "--cascade=orphan"]);
    let set = cluster.kubectl(&["get", "rs", "-o", "name"]).trim().to_owned();
    cluster.eventually(&["get", &set, "-o", "jsonpath={.metadata.ownerReferences}"], str::is_empty);
    assert_eq!(cluster.pods("app=web"), pods);
    cluster.apply("create", &WEB.split("---").next().expect("the Deployment").replace("IMAGE", IMAGE));
    cluster.eventually(&["get", &set, "-o", "jsonpath={.metadata.ownerReferences[0].kind}"], |kind| kind == "Deployment");
    assert_eq!(cluster.pods("app=web"), pods, "adopted, not made anew");
    // a pod that is held holds its owners
    let hold = r#"{"metadata":{"finalizers":["example.com/hold"]}}"#;
    cluster.kubectl(&["patch", "po", &pods[0], "-p", hold]);
    cluster.kubectl(&["delete", "deploy", "web", "--cascade=foreground", "--wait=false"]);
    cluster.eventually(&["get", "po", "-o", "name"], |printed| printed.lines().count() == 1);
    let finalizers = ["get", "deploy,rs", "-o", "jsonpath={.items[*].metadata.finalizers[0]}"];
    assert_eq!(cluster.kubectl(&finalizers), "foregroundDeletion foregroundDeletion");
    cluster.kubectl(&["patch", "po", &pods[0], "-p", r#"{"metadata":{"finalizers":null}}"#]);
    cluster.kubectl(&["wait", "--for=delete", "deploy/web", "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["get", "deploy,rs,po", "-o", "name"]), "");
}

#[test]
fn owners_of_all_sorts() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", &["one", "two", "far"].map(|name| owned(name, &[])).concat());
    let [one, two] = ["one", "two"].map(|name| uid(&cluster, name));
    cluster.kubectl(&["create", "namespace", "elsewhere"]);
    let absent = "00000000-0000-4000-8000-000000000000";
    let manifest = [
        owned("of-both", &[("one", &one), ("two", &two)]),
        owned("of-one", &[("one", &one)]),
        owned("of-one-and-none", &[("one", &one), ("never", absent)]),
        owned("of-none", &[("never", absent)]),
        // the name is right, the object is another one
        owned("of-a-namesake", &[("two", absent)]),
    ];
    cluster.apply("create", &manifest.concat());
    let names = [
        "get",
        "configmap",
        "-o",
        "jsonpath={.items[*].metadata.name}",
        "--field-selector",
        "metadata.name!=kube-root-ca.crt",
    ];
    cluster.eventually(&names, |printed| printed == "far of-both of-one of-one-and-none one two");
    let owners = |name| ["get", "configmap", name, "-o", "jsonpath={.metadata.ownerReferences[*].name}"];
    cluster.eventually(&owners("of-one-and-none"), |printed| printed == "one");
    // an owner in another namespace is no owner at all
    let far = uid(&cluster, "far");
    cluster.apply(
        "create",
        &owned("abroad", &[("far", &far)]).replace("{ name: abroad", "{ namespace: elsewhere, name: abroad"),
    );
    cluster.kubectl(&["wait", "--for=delete", "configmap/abroad", "-n", "elsewhere", "--timeout=60s"]);
    cluster.kubectl(&["delete", "configmap", "one"]);
    cluster.eventually(&names, |printed| printed == "far of-both two");
    cluster.eventually(&owners("of-both"), |printed| printed == "two");
}

#[test]
fn a_circle_of_owners_can_be_deleted() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.apply("create", &owned("first", &[]));
    let first = uid(&cluster, "first");
    cluster.apply("create", &owned("second", &[("first", &first)]));
    let second = uid(&cluster, "second");
    let owner = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"v1","kind":"ConfigMap","name":"second","uid":"{second}","blockOwnerDeletion":true}}]}}}}"#
    );
    cluster.kubectl(&["patch", "configmap", "first", "-p", &owner]);
    cluster.kubectl(&["delete", "configmap", "first", "--cascade=foreground", "--timeout=30s"]);
    cluster.kubectl(&["wait", "--for=delete", "configmap/second", "--timeout=30s"]);
}
