//! The hello handler through a NodePort beside bare hyper: requests per second of the server's own CPU.

use std::{
    convert::Infallible,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Response};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpStream, sync::oneshot};

use super::{
    api::{Client, Connection},
    process::{Process, own_cpu},
    table::{Row, quantile},
};

const CONNECTIONS: usize = 16;
const SPAN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

pub(crate) async fn measure() -> Vec<Row> {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(directory.path());
    process.load_hello();
    let service = expose(&Client::of(&process.kubeconfig()), &process).await;
    let bare = Bare::start();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let before = process.cpu();
        let (ours, ours_wall) = load(service).await;
        let ours_cpu = ours / (process.cpu() - before).as_secs_f64();
        let before = bare.cpu().await;
        let (hyper, hyper_wall) = load(bare.address).await;
        let hyper_cpu = hyper / (bare.cpu().await - before).as_secs_f64();
        rounds.push((ours_cpu / hyper_cpu, ours_cpu, hyper_cpu, ours / ours_wall, hyper / hyper_wall));
    }
    let (ratio, ours, hyper, ours_wall, hyper_wall) = quantile(&mut rounds, 0.5);
    let row = Row::rate("NodePort requests per CPU second", ours, 0.55 * hyper, ">= 0.55 x bare hyper");
    vec![row.beside(format!("{hyper:.0}/s, ratio {ratio:.2}; on the clock {ours_wall:.0} and {hyper_wall:.0}"))]
}

/// One pod behind a Service; its NodePort, once it answers.
async fn expose(client: &Client, process: &Process) -> SocketAddr {
    client.namespace("bench").await;
    let mut connection = client.connect().await;
    let container = json!({"name": "main", "image": "bench/hello:v1", "ports": [{"containerPort": 8080}]});
    let pod = json!({"metadata": {"name": "hello", "labels": {"app": "hello"}}, "spec": {"containers": [container]}});
    connection.send(Method::POST, "/api/v1/namespaces/bench/pods", pod.to_string().into()).await;
    let ports = json!([{"port": 80, "targetPort": 8080}]);
    let spec = json!({"type": "NodePort", "selector": {"app": "hello"}, "ports": ports});
    let service = json!({"metadata": {"name": "hello"}, "spec": spec});
    let service = connection.send(Method::POST, "/api/v1/namespaces/bench/services", service.to_string().into()).await;
    let port = service["spec"]["ports"][0]["nodePort"].as_u64().and_then(|port| u16::try_from(port).ok());
    let address = process.at(port.expect("a NodePort"));
    let mut slices = client.watch("/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices?watch=1").await;
    slices.until(1, |slice| slice["endpoints"][0]["conditions"]["ready"] == true).await;
    // the proxy hears of it at the same time as we do
    tokio::time::sleep(Duration::from_millis(500)).await;
    address
}

/// Requests answered in the span, and the seconds that it was.
async fn load(address: SocketAddr) -> (f64, f64) {
    let began = Instant::now();
    let each = (0..CONNECTIONS).map(|_| async {
        let socket = TcpStream::connect(address).await.expect("the server accepts");
        socket.set_nodelay(true).expect("a socket");
        let mut connection = Connection::over(TokioIo::new(socket), address).await;
        let mut done = 0u32;
        while began.elapsed() < SPAN {
            connection.get("/").await;
            done += 1;
        }
        done
    });
    let done: u32 = futures::future::join_all(each).await.into_iter().sum();
    (f64::from(done), began.elapsed().as_secs_f64())
}

/// Hyper on a thread of its own, saying hello. Ends with the bench.
struct Bare {
    address: SocketAddr,
    runtime: tokio::runtime::Handle,
}

impl Bare {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(serve(listener)));
        Self { address, runtime: handle }
    }

    /// What its thread has used.
    async fn cpu(&self) -> Duration {
        let (tell, told) = oneshot::channel();
        self.runtime.spawn(async move { tell.send(own_cpu()).expect("somebody asked") });
        told.await.expect("the thread lives")
    }
}

async fn serve(listener: std::net::TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).expect("a socket");
        let answer = service_fn(|_| async {
            let body = Full::new(Bytes::from_static(b"hello from a pod without POD_NAME\n"));
            Ok::<_, Infallible>(
                Response::builder().header("content-type", "text/plain; charset=utf-8").body(body).expect("valid"),
            )
        });
        // ends when the client leaves
        tokio::spawn(async move {
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer).await);
        });
    }
}
