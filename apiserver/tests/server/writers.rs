//! What writes with the real `kubectl` do, by the oldest, the newest and the default one that is there.

use std::path::{Path, PathBuf};

use crate::{harness::Cluster, kubectl::Kubectl};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {a: b}\n  template:\n    metadata:\n      labels: {a: b}\n    spec:\n      containers:\n      - name: c\n        image: one\n";

/// The `kubectl` on the path, and the oldest and newest of those that lie beside it with their version in their name.
fn kubectls() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("kubectl")).find(|file| file.is_file());
    let default = found.expect("kubectl on the PATH");
    let real = default.canonicalize().expect("a file");
    let beside = real.parent().into_iter().flat_map(|dir| dir.read_dir().expect("a directory")).flatten();
    let minor = |file: &Path| -> Option<u32> { file.file_name()?.to_str()?.strip_prefix("kubectl.1.")?.parse().ok() };
    let mut versions: Vec<(u32, PathBuf)> = beside.filter_map(|entry| Some((minor(&entry.path())?, entry.path()))).collect();
    versions.sort();
    let ends = versions.first().into_iter().chain(versions.last()).map(|(_, file)| file.clone());
    std::iter::once(default.clone()).chain(ends).collect()
}

/// A program that stands for an editor: it replaces the first word by the second in the file it is given.
fn editor(dir: &Path, from: &str, to: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let file = dir.join("editor.sh");
    std::fs::write(&file, format!("#!/bin/sh\nsed -i 's/{from}/{to}/' \"$1\"\n")).expect("a script");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kubectl_writes() {
    for program in kubectls() {
        let cluster = Cluster::start().await;
        let editor = editor(cluster.dir.path(), "replicas: 6", "replicas: 7");
        let kubectl = Kubectl::new(&cluster).program(program.clone()).with("EDITOR", editor.to_str().expect("a path"));
        writes(&kubectl).await;
        applies(&kubectl).await;
        cluster.server.stop().await;
    }
}

async fn writes(kubectl: &Kubectl) {
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    let replicas = "get deploy d -o jsonpath={.spec.replicas}";
    assert_eq!(kubectl.run("apply -f -", DEPLOYMENT).await, "deployment.apps/d created");
    assert_eq!(kubectl.run("apply -f -", DEPLOYMENT).await, "deployment.apps/d unchanged");
    let changed = DEPLOYMENT.replace("replicas: 2", "replicas: 3");
    let diff = kubectl.run("diff -f -", &changed).await;
    assert!(diff.contains("-  replicas: 2") && diff.contains("+  replicas: 3"), "{diff}");
    assert_eq!(kubectl.run("apply -f -", &changed).await, "deployment.apps/d configured");
    assert_eq!(kubectl.run("diff -f -", &changed).await, "");
    // what was applied before and is not any more goes, what others set stays
    assert_eq!(kubectl.run("scale deploy d --replicas=5", "").await, "deployment.apps/d scaled");
    let silent = DEPLOYMENT.replace("  replicas: 2\n", "");
    assert_eq!(kubectl.run("apply -f -", &silent).await, "deployment.apps/d configured");
    assert_eq!(kubectl.run(replicas, "").await, "1", "the field was kubectl's to take back");

    assert_eq!(kubectl.run("label deploy d x=y", "").await, "deployment.apps/d labeled");
    assert_eq!(kubectl.run("label deploy d x=y", "").await, "deployment.apps/d not labeled");
    let taken = kubectl.run("label deploy d x=z", "").await;
    assert!(taken.contains("already has a value (y), and --overwrite is false"), "{taken}");
    assert_eq!(kubectl.run("label deploy d x-", "").await, "deployment.apps/d unlabeled");
    // the old one says `annotate`
    let annotated = kubectl.run("annotate deploy d note=hello", "").await;
    assert!(annotated.starts_with("deployment.apps/d annotate"), "{annotated}");

    for (kind, patch) in [
        ("strategic", r#"{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"two"}]}}}}"#),
        ("merge", r#"{"spec":{"replicas":6}}"#),
        (
            "json",
            r#"[{"op":"test","path":"/spec/replicas","value":6},{"op":"add","path":"/metadata/labels","value":{"k":"v"}}]"#,
        ),
    ] {
        let said = kubectl.run(&format!("patch deploy d --type={kind} -p {patch}"), "").await;
        assert_eq!(said, "deployment.apps/d patched", "{kind}");
    }
    assert_eq!(kubectl.run(&format!("get deploy d -o {image}"), "").await, "two");
    let failed = kubectl.run(r#"patch deploy d --type=json -p [{"op":"test","path":"/spec/replicas","value":1}]"#, "").await;
    assert!(failed.contains("The request is invalid"), "{failed}");
    let wrong = kubectl.run(r#"patch deploy d -p {"spec":{"replicas":"x"}}"#, "").await;
    assert!(wrong.contains(r#"patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32"#), "{wrong}");

    let edited = kubectl.run("edit deploy d", "").await;
    assert!(edited.contains("deployment.apps/d edited"), "{edited}");
    assert_eq!(kubectl.run(replicas, "").await, "7");
    assert_eq!(kubectl.run("replace -f -", DEPLOYMENT).await, "deployment.apps/d replaced");
    let before = kubectl.run("get deploy d -o jsonpath={.metadata.uid}", "").await;
    let replaced = kubectl.run("replace --force -f -", DEPLOYMENT).await;
    assert!(replaced.contains("deployment.apps/d replaced"), "{replaced}");
    assert_ne!(kubectl.run("get deploy d -o jsonpath={.metadata.uid}", "").await, before);
    assert!(kubectl.run("delete deploy d", "").await.starts_with("deployment.apps \"d\" deleted"));
}

async fn applies(kubectl: &Kubectl) {
    let managers = "get deploy d -o jsonpath={.metadata.managedFields[*].manager} --show-managed-fields";
    assert_eq!(kubectl.run("apply -f -", DEPLOYMENT).await, "deployment.apps/d created");
    assert_eq!(kubectl.run(managers, "").await, "kubectl-client-side-apply");
    // kubectl hands over what it applied by itself
    let applied = kubectl.run("apply --server-side -f -", &DEPLOYMENT.replace("image: one", "image: two")).await;
    assert!(applied.ends_with("deployment.apps/d serverside-applied"), "{applied}");
    let owners = kubectl.run(managers, "").await;
    assert!(owners.split(' ').any(|owner| owner == "kubectl"), "{owners}");
    assert!(!owners.contains("kubectl-client-side-apply"), "{owners}");
    let same = kubectl.run("get deploy d -o jsonpath={.metadata.resourceVersion}", "").await;
    kubectl.run("apply --server-side -f -", &DEPLOYMENT.replace("image: one", "image: two")).await;
    assert_eq!(kubectl.run("get deploy d -o jsonpath={.metadata.resourceVersion}", "").await, same);

    let other = kubectl.run("apply --server-side --field-manager=other -f -", DEPLOYMENT).await;
    assert!(
        other.contains(
            "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.template.spec.containers[name=\"c\"].image"
        ),
        "{other}"
    );
    let forced = kubectl.run("apply --server-side --field-manager=other --force-conflicts -f -", DEPLOYMENT).await;
    assert!(forced.ends_with("serverside-applied"), "{forced}");
    let diff =
        kubectl.run("diff --server-side --force-conflicts -f -", &DEPLOYMENT.replace("replicas: 2", "replicas: 4")).await;
    assert!(diff.contains("+  replicas: 4"), "{diff}");
    let wrong = kubectl.run("apply --server-side -f -", &DEPLOYMENT.replace("  replicas: 2", "  foo: 2")).await;
    assert!(wrong.contains(".spec.foo: field not declared in schema"), "{wrong}");
    let dry = kubectl.run("apply --server-side --dry-run=server -f -", &DEPLOYMENT.replace("name: d", "name: dry")).await;
    assert_eq!(dry, "deployment.apps/dry serverside-applied (server dry run)");
    assert!(kubectl.run("get deploy dry", "").await.contains("not found"));
}
