//! What the real `kubectl` says, over TLS with the administrator's kubeconfig.

use std::{path::PathBuf, process::Stdio, time::Duration};

use crate::harness::Cluster;
use tokio::{io::AsyncWriteExt, process::Command};

pub(crate) struct Kubectl {
    program: PathBuf,
    config: PathBuf,
    dir: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Kubectl {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let config = cluster.dir.path().join("kubeconfig");
        std::fs::write(&config, cluster.server.admin_kubeconfig().to_string()).expect("a kubeconfig");
        Self { program: "kubectl".into(), config, dir: cluster.dir.path().to_owned(), environment: Vec::new() }
    }

    /// Another one than that on the path.
    pub(crate) fn program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    pub(crate) fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.environment.push((variable, value.to_owned()));
        self
    }

    /// Both outputs, with the exit code in front unless it is 0.
    pub(crate) async fn run(&self, args: &str, stdin: &str) -> String {
        let mut child = Command::new(&self.program)
            .args(args.split_whitespace())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.dir)
            .env("KUBECONFIG", &self.config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl on the PATH");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(stdin.as_bytes()).await.expect("kubectl reads");
        drop(input);
        let output = child.wait_with_output().await.expect("kubectl ends");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        if output.status.success() { text } else { format!("{} {text}", output.status.code().unwrap_or(-1)) }
    }
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: '1'\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_apply_get_delete() {
    let cluster = Cluster::start().await;
    let kubectl = Kubectl::new(&cluster);
    assert_eq!(kubectl.run("create -f -", MAP).await, "configmap/one created");
    assert_eq!(
        kubectl.run("create -f -", MAP).await,
        "1 Error from server (AlreadyExists): error when creating \"STDIN\": configmaps \"one\" already exists"
    );
    let table = kubectl.run("get cm one", "").await;
    assert!(table.starts_with("NAME   DATA   AGE\none    1      "), "{table}");
    let applied = kubectl.run("apply -f -", &MAP.replace("'1'", "'2'")).await;
    assert!(applied.contains("configmap/one configured"), "{applied}");
    assert_eq!(kubectl.run("apply -f -", &MAP.replace("'1'", "'2'")).await, "configmap/one unchanged");
    assert_eq!(kubectl.run("get cm one -o jsonpath={.data.a}", "").await, "2");
    assert_eq!(kubectl.run("delete cm one", "").await, "configmap \"one\" deleted");
    assert_eq!(kubectl.run("get cm one", "").await, "1 Error from server (NotFound): configmaps \"one\" not found");
    let wrong = MAP.replace("data:", "datum: x\ndata:");
    let refused = kubectl.run("create -f -", &wrong).await;
    assert!(refused.contains("strict decoding error: unknown field \"datum\""), "{refused}");
    let resources = kubectl.run("api-resources --no-headers", "").await;
    assert!(resources.contains("deployments") && resources.contains("deploy "), "{resources}");
    assert_eq!(kubectl.run("auth can-i create pods", "").await, "yes");
    let explained = kubectl.run("explain pod.spec.nodeName", "").await;
    assert!(explained.contains("FIELD: nodeName <string>") && explained.contains("specific node"), "{explained}");
    cluster.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retired_version_is_the_same_object() {
    let cluster = Cluster::start().await;
    let kubectl = Kubectl::new(&cluster);
    let old = "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    metadata:\n      labels: {a: b}\n    spec:\n      containers:\n      - name: c\n        image: one\n";
    let applied = kubectl.run("apply -f -", old).await;
    assert!(applied.contains("deployment.extensions/d created"), "{applied}");
    assert_eq!(kubectl.run("get deploy d -o jsonpath={.apiVersion},{.spec.selector.matchLabels.a}", "").await, "apps/v1,b");
    let all = kubectl.run("get all -o name", "").await;
    assert_eq!(all, "service/kubernetes\ndeployment.apps/d");
    cluster.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_in_every_version_is_explained() {
    let cluster = Cluster::start().await;
    let kubectl = Kubectl::new(&cluster);
    let resources = kubectl.run("api-resources --no-headers", "").await;
    assert!(resources.contains("selfsubjectrulesreviews") && resources.contains("extensions/v1beta1"), "{resources}");
    for line in resources.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [name, .., version, _, kind] = columns[..] else { panic!("{line}") };
        let explained = kubectl.run(&format!("explain {name} --api-version={version}"), "").await;
        let (head, text) = explained.split_once("DESCRIPTION:\n").unwrap_or_else(|| panic!("{line}: {explained}"));
        assert!(head.contains(&format!("KIND:       {kind}\n")), "{line}: {explained}");
        assert!(!text.contains("<empty>") && text.contains("FIELDS:"), "{line}: {explained}");
    }
    cluster.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_over_tls_ends_with_the_server() {
    let cluster = Cluster::start().await;
    let kubectl = Kubectl::new(&cluster);
    let watching = tokio::spawn(async move { kubectl.run("get ns -w -o name", "").await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(cluster.post("/api/v1/namespaces", serde_json::json!({ "metadata": { "name": "late" } })).await.0, 201);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!watching.is_finished());
    tokio::time::timeout(Duration::from_secs(4), cluster.server.stop()).await.expect("no watch holds the server up");
    let output = watching.await.expect("kubectl ran");
    assert!(output.ends_with("namespace/late"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apply_is_a_strategic_merge() {
    let cluster = Cluster::start().await;
    let kubectl = Kubectl::new(&cluster);
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {a: b}\n  template:\n    metadata:\n      labels: {a: b}\n    spec:\n      containers:\n      - name: c\n        image: one\n";
    assert_eq!(kubectl.run("apply -f -", deployment).await, "deployment.apps/d created");
    let log = kubectl.run("apply -v=8 -f -", &deployment.replace("image: one", "image: two")).await;
    assert!(log.contains("deployment.apps/d configured"), "{log}");
    assert!(log.contains("Content-Type: application/strategic-merge-patch+json"), "{log}");
    assert_eq!(kubectl.run("scale deploy d --replicas=5", "").await, "deployment.apps/d scaled");
    assert_eq!(kubectl.run("get deploy d -o jsonpath={.spec.replicas}", "").await, "5");
    assert_eq!(kubectl.run("set image deploy/d c=z", "").await, "deployment.apps/d image updated");
    assert!(kubectl.run("describe deploy d", "").await.contains("Image:"));
    cluster.server.stop().await;
}
