//! Pods of a compiled image: one, twenty, a thousand at once; their memory; and how fast pods are given to nodes.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use super::{
    api::Client,
    process::Process,
    table::{Row, milliseconds, quantile},
};

const SINGLES: usize = 100;
const CROWD: usize = 1_000;
const WAITING: usize = 5_000;
const PATH: &str = "/api/v1/namespaces/bench/pods";

fn pod(name: String, selector: Option<&str>) -> Value {
    let node = selector.map_or(json!({}), |value| json!({ "bench": value }));
    let container = json!({"name": "main", "image": "bench/hello:v1", "ports": [{"containerPort": 8080}]});
    json!({"metadata": {"name": name, "labels": {"app": "bench"}}, "spec": {"nodeSelector": node, "containers": [container]}})
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

pub(crate) async fn measure() -> Vec<Row> {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(directory.path());
    process.load_hello();
    let client = Client::of(&process.kubeconfig());
    client.namespace("bench").await;
    // compiles the image
    crowd(&client, "warm", 1).await;
    let mut times = singles(&client).await;
    let (median, slow) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    let mut twenties = Vec::new();
    for run in 0..5 {
        twenties.push(crowd(&client, &format!("twenty-{run}"), 20).await);
    }
    let before = process.memory();
    let thousand = crowd(&client, "thousand", CROWD).await;
    // what is freed late is not the pods'
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = (process.memory() - before) / CROWD as f64 / 1e3;
    vec![
        Row::time("pod created to Ready, p50", median, Duration::from_millis(3)),
        Row::time("pod created to Ready, p99", slow, Duration::from_millis(10)),
        Row::time("20 pods Ready", quantile(&mut twenties, 0.5), Duration::from_millis(30)),
        Row::time("1,000 pods Ready", thousand, Duration::from_millis(1500)),
        Row {
            what: "memory of a Ready handler pod",
            measured: format!("{each:.0} KB"),
            budget: "< 40 KB".to_owned(),
            yardstick: String::new(),
            share: each / 40.0,
        },
    ]
}

/// One pod after the other, from sending the request to reading its Ready.
async fn singles(client: &Client) -> Vec<Duration> {
    let mut writer = client.connect().await;
    let mut watch = client.watch(&format!("{PATH}?watch=1&labelSelector=app%3Dbench")).await;
    let mut times = Vec::new();
    for number in 0..SINGLES {
        let name = format!("single-{number}");
        let began = Instant::now();
        let body = pod(name.clone(), None).to_string().into();
        let ready = watch.until(1, |pod| pod["metadata"]["name"] == name.as_str() && is_ready(pod));
        let (_, seen) = futures::join!(writer.send(Method::POST, PATH, body), ready);
        times.push(seen[&name] - began);
    }
    times
}

/// So many pods at once, from the first request to the last Ready.
async fn crowd(client: &Client, prefix: &str, count: usize) -> Duration {
    let mut watch = client.watch(&format!("{PATH}?watch=1&labelSelector=app%3Dbench")).await;
    let pods = (0..count).map(|number| pod(format!("{prefix}-{number}"), None)).collect();
    let mut connections = client.connections(count.min(32)).await;
    let bodies = Vec::into_iter(pods).map(|pod: Value| pod.to_string().into()).collect();
    let began = Instant::now();
    let write = super::api::post_over(&mut connections, PATH, bodies);
    let mine = |pod: &Value| pod["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(prefix)) && is_ready(pod);
    let (seen, ()) = futures::join!(watch.until(count, mine), write);
    seen.values().max().map_or(Duration::ZERO, |last| *last - began)
}

/// Pods wait for a node that does not exist; it comes, and nobody runs them: what is left is the scheduler.
pub(crate) async fn scheduling() -> Vec<Row> {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(directory.path());
    let client = Client::of(&process.kubeconfig());
    client.namespace("bench").await;
    let pods = (0..WAITING).map(|number| pod(format!("waiting-{number}"), Some("here"))).collect();
    let mut pending = client.watch(&format!("{PATH}?watch=1")).await;
    let unschedulable = |pod: &Value| pod["status"]["conditions"].as_array().is_some_and(|list| !list.is_empty());
    futures::join!(client.post_all(PATH, 32, pods), pending.until(WAITING, unschedulable));
    let began = Instant::now();
    for number in 0..10 {
        node(&client, &format!("paper-{number}")).await;
    }
    let bound = pending.until(WAITING, |pod| pod["spec"]["nodeName"].is_string()).await;
    let took = bound.values().max().map_or(Duration::ZERO, |last| *last - began);
    let rate = WAITING as f64 / took.as_secs_f64();
    vec![Row::rate("scheduled pods", rate, 5000.0, ">= 5,000/s").beside(format!("{WAITING} in {}", milliseconds(took)))]
}

/// A node on paper: Ready, and nobody there.
async fn node(client: &Client, name: &str) {
    let mut connection = client.connect().await;
    let node = json!({"metadata": {"name": name, "labels": {"bench": "here"}}});
    connection.send(Method::POST, "/api/v1/nodes", node.to_string().into()).await;
    let room = json!({"cpu": "1000", "memory": "1Ti", "pods": "10000"});
    let status = json!({
        "metadata": {"name": name},
        "status": {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True",
            "reason": "Paper", "message": "", "lastHeartbeatTime": jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
            "lastTransitionTime": jiff::Timestamp::now().strftime("%FT%TZ").to_string()}]},
    });
    let path = format!("/api/v1/nodes/{name}/status");
    connection.send(Method::PUT, &path, status.to_string().into()).await;
}
