//! A node against an API in memory, with a real guest.

use std::{net::IpAddr, path::Path};

use api::{Key, kinds};
use bytes::Bytes;
use client::Cluster;
use engine::Engine;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::{Node, NodeConfig};
use crate::network::Fabric;

mod world;

use world::{World, pod};

const HELLO: &[u8] = include_bytes!("../../../samples/hello/hello.wasm");

struct Running {
    node: Node,
    cluster: Cluster,
    fabric: Fabric,
}

async fn start(world: &World, dir: &Path) -> Running {
    let engine = engine::Config { cache_dir: dir.join("cache"), threads: 1, max_instances: 50 };
    let (cluster, fabric) = (world.cluster("n"), Fabric::new());
    let config = NodeConfig {
        name: "n".into(),
        data_dir: dir.join("n"),
        engine: Engine::new(engine).unwrap(),
        fabric: fabric.clone(),
        pod_network: ([10, 128, 0, 0].into(), 18),
        address: IpAddr::from([127, 0, 0, 1]),
        images: vec![("hello:v1", HELLO)],
    };
    let node = Node::start(cluster.clone(), config).await.unwrap();
    node.ready().await;
    Running { node, cluster, fabric }
}

impl Running {
    async fn stop(self) {
        self.node.stop().await;
        self.cluster.shutdown().await;
        self.fabric.stop().await;
    }

    async fn get(&self, ip: &str, path: &str) -> u16 {
        let to = format!("{ip}:8080").parse().unwrap();
        let stream = self.fabric.connect(IpAddr::from([10, 128, 0, 1]), to).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = http::Request::get(path).header("host", "x").body(Empty::<Bytes>::new()).unwrap();
        let code = sender.send_request(request).await.unwrap().status().as_u16();
        connection.abort();
        code
    }

    async fn ask(&self, method: &str, path: &str, body: Bytes) -> (u16, String) {
        let body = http_body_util::Full::new(body).map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::builder().method(method).uri(path).body(body).unwrap();
        let answer = self.node.call(request).await;
        let code = answer.status().as_u16();
        (code, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }
}

fn hello() -> Value {
    json!([{ "name": "c", "image": "hello:v1", "ports": [{ "containerPort": 8080 }],
        "env": [{ "name": "POD_NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }],
        "readinessProbe": { "httpGet": { "path": "/health", "port": 8080 } } }])
}

fn key(name: &str) -> Key {
    Key::new("default", name)
}

fn condition<'v>(pod: &'v Value, name: &str) -> Option<&'v str> {
    let all = pod["status"]["conditions"].as_array()?;
    all.iter().find(|condition| condition["type"] == name)?["status"].as_str()
}

fn reasons(world: &World) -> Vec<String> {
    world.all(&kinds::EVENT).iter().filter_map(|event| event["reason"].as_str().map(str::to_owned)).collect()
}

async fn ready(world: &World, name: &str) -> Value {
    let look = |world: &World| world.get(&kinds::POD, &key(name)).filter(|pod| condition(pod, "Ready") == Some("True"));
    world.until("the pod to be Ready", look).await
}

/// Deletes a pod as the API does: with a grace that its node keeps.
fn delete(world: &World, name: &str) {
    let mut pod = world.get(&kinds::POD, &key(name)).unwrap();
    pod["metadata"]["deletionTimestamp"] = jiff::Timestamp::now().to_string().into();
    pod["metadata"]["deletionGracePeriodSeconds"] = 30.into();
    world.put(&kinds::POD, pod);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_lives_is_resumed_and_ends() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let running = start(&world, dir.path()).await;
    let node = world.get(&kinds::NODE, &Key::cluster("n")).unwrap();
    assert_eq!(condition(&node, "Ready"), Some("True"));

    world.put(&kinds::POD, pod("n", "p", hello()));
    let first = ready(&world, "p").await;
    assert_eq!(first["status"]["phase"], "Running");
    assert_eq!(first["status"]["containerStatuses"][0]["restartCount"], 0);
    let ip = first["status"]["podIP"].as_str().unwrap().to_owned();
    assert_eq!(running.get(&ip, "/").await, 200);
    let logs = running.ask("GET", "/containerLogs/default/p/c?previous=true", Bytes::new()).await;
    assert_eq!(logs, (400, "previous terminated container \"c\" in pod \"p\" not found".to_owned()));
    world
        .until("its events", |world| {
            let all = reasons(world);
            ["Pulled", "Created", "Started"].iter().all(|wanted| all.iter().any(|reason| reason == wanted)).then_some(())
        })
        .await;

    running.stop().await;
    assert_eq!(condition(&world.get(&kinds::POD, &key("p")).unwrap(), "Ready"), Some("True"));
    let running = start(&world, dir.path()).await;
    let restarted = |world: &World| {
        let pod = world.get(&kinds::POD, &key("p"))?;
        let again = pod["status"]["containerStatuses"][0]["restartCount"] == 1 && condition(&pod, "Ready") == Some("True");
        again.then_some(pod)
    };
    let second = world.until("the pod to run again", restarted).await;
    assert_eq!(second["status"]["podIP"], ip);
    assert_eq!(second["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"], 255);
    assert_eq!(running.get(&ip, "/").await, 200);

    delete(&world, "p");
    let gone = |world: &World| world.get(&kinds::POD, &key("p")).is_none().then_some(());
    world.until("the pod to be deleted", gone).await;
    running.stop().await;
    assert!(reasons(&world).contains(&"Killing".to_owned()));
    assert!(!dir.path().join("n/pods/uid-p").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_said_and_cured() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let running = start(&world, dir.path()).await;
    let mut absent = pod("n", "absent", json!([{ "name": "c", "image": "absent:v1", "imagePullPolicy": "IfNotPresent" }]));
    absent["spec"]["volumes"] = json!([]);
    world.put(&kinds::POD, absent);
    let waiting = |name: &'static str, reason: &'static str| {
        move |world: &World| {
            let pod = world.get(&kinds::POD, &key(name))?;
            let state = &pod["status"]["containerStatuses"][0]["state"]["waiting"];
            (state["reason"] == reason).then(|| state["message"].as_str().unwrap_or_default().to_owned())
        }
    };
    world.until("the pull to fail", waiting("absent", "ErrImagePull")).await;
    let message = world.until("the back-off", waiting("absent", "ImagePullBackOff")).await;
    assert!(message.starts_with("Back-off pulling image \"absent:v1\": ErrImagePull: "), "{message}");
    // the node answers from its own view of the pod, which hears of the status a moment after the API has it
    let expected = "container \"c\" in pod \"absent\" is waiting to start: trying and failing to pull image";
    let answered = async {
        while running.ask("GET", "/containerLogs/default/absent/c", Bytes::new()).await.1 != expected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), answered).await.expect("the node says why there is no log");

    let mut mounting = pod("n", "mounting", hello());
    mounting["spec"]["volumes"] = json!([{ "name": "v", "configMap": { "name": "m" } }]);
    world.put(&kinds::POD, mounting);
    let failed = |world: &World| reasons(world).contains(&"FailedMount".to_owned()).then_some(());
    world.until("the mount to fail", failed).await;
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m", "namespace": "default" }, "data": { "k": "v" } });
    world.put(&kinds::CONFIG_MAP, map);
    ready(&world, "mounting").await;
    assert_eq!(std::fs::read_to_string(dir.path().join("n/pods/uid-mounting/volumes/v/k")).unwrap(), "v");

    let loaded = running.ask("PUT", "/images/example/example:v1.0-SNAPSHOT", Bytes::from_static(HELLO)).await;
    assert_eq!(loaded.0, 201, "{}", loaded.1);
    let loaded = running.ask("PUT", "/images/absent:v1", Bytes::from_static(HELLO)).await;
    assert_eq!(loaded.0, 201, "{}", loaded.1);
    ready(&world, "absent").await;
    assert_eq!(running.ask("GET", "/nowhere", Bytes::new()).await.0, 404);
    world.remove(&kinds::POD, &key("mounting"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_fails_its_liveness_probe_is_restarted_and_then_waits() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let running = start(&world, dir.path()).await;
    let mut containers = hello();
    containers[0]["livenessProbe"] =
        json!({ "httpGet": { "path": "/nothing-here", "port": 8080 }, "failureThreshold": 1, "periodSeconds": 1 });
    world.put(&kinds::POD, pod("n", "p", containers));
    let looping = |world: &World| {
        let pod = world.get(&kinds::POD, &key("p"))?;
        let container = &pod["status"]["containerStatuses"][0];
        (container["state"]["waiting"]["reason"] == "CrashLoopBackOff").then(|| container.clone())
    };
    let container = world.until("the crash loop", looping).await;
    assert_eq!(container["restartCount"], 1);
    let message = container["state"]["waiting"]["message"].as_str().unwrap();
    assert_eq!(message, "back-off 10s restarting failed container=c pod=p_default(uid-p)");
    running.stop().await;
    let events = world.all(&kinds::EVENT);
    let said = |reason: &str, message: &str| events.iter().any(|e| e["reason"] == reason && e["message"] == message);
    assert!(said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404"), "{events:#?}");
    assert!(said("Killing", "Container c failed liveness probe, will be restarted"));
    assert!(said("BackOff", "Back-off restarting failed container c in pod p_default(uid-p)"));
}
