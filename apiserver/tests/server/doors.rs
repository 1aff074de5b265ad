//! How the server is reached: sockets with and without credentials, the feed, the nodes.

use std::sync::Arc;

use api::{Feed, Identity, kinds};
use bytes::Bytes;
use coracle_apiserver::{Config, Error, NodeBody, NodeConnector, Server};
use futures::{FutureExt, StreamExt, future::BoxFuture};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::process::Command;
use tower::ServiceExt;

use crate::harness::{self, Cluster};

async fn kubectl(cluster: &Cluster, args: &str) -> String {
    let server = format!("https://{}", cluster.server.address());
    let output = Command::new("kubectl")
        .args(["--server", &server, "--insecure-skip-tls-verify"])
        .args(args.split_whitespace())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", cluster.dir.path())
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .expect("kubectl on the PATH");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_is_who_it_proves_to_be() {
    let cluster = Cluster::start().await;
    let token = std::fs::read_to_string(cluster.dir.path().join("pki/admin.token")).expect("a token");
    assert_eq!(kubectl(&cluster, &format!("--token={token} get --raw /readyz")).await, "ok");
    let listed = kubectl(&cluster, &format!("--token={token} get ns -o name")).await;
    assert!(listed.contains("namespace/kube-system"), "{listed}");
    let wrong = kubectl(&cluster, "--token=wrong get --raw /api/v1/namespaces").await;
    assert!(wrong.contains("You must be logged in to the server") || wrong.contains("Unauthorized"), "{wrong}");
    let nobody = kubectl(&cluster, "--username=jo --password=x get --raw /api/v1/namespaces").await;
    assert!(nobody.contains("namespaces is forbidden: User \"system:anonymous\" cannot list"), "{nobody}");
}

#[tokio::test]
async fn a_taken_port_and_a_taken_directory_are_said_so() {
    let cluster = Cluster::start().await;
    let other = tempfile::tempdir().expect("a directory");
    let taken = Config { listen: cluster.server.address(), ..harness::config(other.path()) };
    assert!(matches!(Server::start(taken).await, Err(Error::Listen { .. })));
    let locked = Server::start(harness::config(cluster.dir.path())).await;
    assert!(matches!(locked, Err(Error::Store { source: store::Error::Locked { .. }, .. })), "{locked:?}");
}

#[tokio::test]
async fn the_feed_begins_with_all_and_goes_on_without_a_gap() {
    let cluster = Cluster::start().await;
    let feed: Arc<dyn Feed> = cluster.server.feed();
    let who = Arc::new(Identity::new("system:kube-controller-manager", &[]));
    let mut opened = feed.open(who, &kinds::NAMESPACE).await.expect("a feed");
    assert_eq!(opened.objects.len(), 4);
    cluster.post("/api/v1/namespaces", json!({ "metadata": { "name": "new" } })).await;
    let batch = opened.events.next().await.expect("an event");
    assert_eq!(&*batch[0].object.key().name, "new");
    assert!(feed.open(Arc::new(Identity::new("jo", &[])), &kinds::NAMESPACE).await.is_err(), "nobody in particular");
    cluster.server.stop().await;
    assert!(opened.events.next().await.is_none());
}

/// Answers with what it was asked.
struct Echo;

impl NodeConnector for Echo {
    fn call(&self, node: &str, request: Request<NodeBody>) -> BoxFuture<'static, Result<Response<NodeBody>, String>> {
        let answer = json!(format!("{node} {} {}", request.method(), request.uri()));
        let body = Full::new(Bytes::from(answer.to_string())).map_err(|never| match never {}).boxed_unsync();
        async { Ok(Response::new(body)) }.boxed()
    }
}

#[tokio::test]
async fn logs_come_from_the_pods_node() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = Config { nodes: Arc::new(Echo), ..harness::config(dir.path()) };
    let server = Server::start(config).await.expect("a server");
    let call = async |method: &str, path: &str, body: Value| {
        let service = server.service(Identity::new("system:test", &["system:masters"]));
        let request = Request::builder().method(method).uri(path).body(axum::body::Body::from(body.to_string()));
        harness::json(service.oneshot(request.expect("a request")).await.expect("an answer")).await
    };
    let core = "/api/v1/namespaces/default";
    call("POST", &format!("{core}/serviceaccounts"), json!({ "metadata": { "name": "default" } })).await;
    let containers = json!([{ "name": "a", "image": "i" }, { "name": "b", "image": "i" }]);
    let pod = json!({ "metadata": { "name": "p" }, "spec": { "nodeName": "n", "containers": containers } });
    call("POST", &format!("{core}/pods"), pod).await;
    let log = call("GET", &format!("{core}/pods/p/log?container=b&follow=true"), Value::Null).await;
    assert_eq!(log, "n GET /containerLogs/default/p/b?container=b&follow=true");
    let which = call("GET", &format!("{core}/pods/p/log"), Value::Null).await;
    assert_eq!(which["message"], "a container name must be specified for pod p, choose one of: [a b]");
}
