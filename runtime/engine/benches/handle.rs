//! Requests per second of a warm handler beside bare hyper, on one thread each, for orientation.
#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
use bytes::Bytes;
use coracle_engine::{Body, Config, Engine, Listener, NetError, Network, Output, Stream, Workload};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{client::conn::http1::SendRequest, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

const HANDLER: &[u8] = include_bytes!("../tests/guests/handler.wasm");
const SPAN: Duration = Duration::from_secs(2);

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Nothing;

impl Output for Nothing {
    fn write(&self, _: &[u8]) {}
}

#[async_trait::async_trait]
impl Network for Nothing {
    async fn connect(&self, _: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
        Err(NetError::Refused)
    }
    async fn listen(&self, _: SocketAddr) -> Result<Box<dyn Listener>, NetError> {
        Err(NetError::NotSupported)
    }
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, NetError> {
        Err(NetError::NameNotFound(name.to_owned()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let engine = Engine::new(Config { cache_dir: dir.path().into(), threads: 1, max_instances: 100 })?;
    let module = engine.prepare("bench", Bytes::from_static(HANDLER)).await?;
    let guest = engine.start(&module, workload()).await?;
    let hyper = hyper_rate().await?;
    println!("bare hyper, one connection in memory   {hyper:>9.0}/s   1.00");
    for concurrency in [1, 4, 32] {
        let begun = Instant::now();
        let loops = (0..concurrency).map(|_| async {
            let mut done = 0u64;
            while begun.elapsed() < SPAN {
                let body: Body = Full::default().map_err(|never| match never {}).boxed_unsync();
                let request = Request::builder().uri("/").header("host", "bench").body(body)?;
                guest.handle(request).await.into_body().collect().await?;
                done += 1;
            }
            Ok::<u64, Failure>(done)
        });
        let done: u64 = futures::future::try_join_all(loops).await?.into_iter().sum();
        let rate = done as f64 / begun.elapsed().as_secs_f64();
        println!("Guest::handle, {concurrency:>2} at a time            {rate:>9.0}/s   {:.2}", rate / hyper);
    }
    let usage = guest.usage();
    println!("guest: {:.2} s of CPU, {} KiB", usage.cpu_nanos as f64 / 1e9, usage.memory_bytes >> 10);
    Ok(())
}

async fn hyper_rate() -> Result<f64, Failure> {
    let (near, far) = tokio::io::duplex(64 << 10);
    let answer = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))) });
    let server = tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), answer));
    let (mut sender, connection): (SendRequest<Full<Bytes>>, _) =
        hyper::client::conn::http1::handshake(TokioIo::new(near)).await?;
    let client = tokio::spawn(connection);
    let (begun, mut done) = (Instant::now(), 0u64);
    while begun.elapsed() < SPAN {
        let request = Request::builder().uri("/").header("host", "bench").body(Full::default())?;
        sender.send_request(request).await?.into_body().collect().await?;
        done += 1;
    }
    drop(sender);
    client.await??;
    server.await??;
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

fn workload() -> Workload {
    Workload {
        name: "bench".to_owned(),
        args: Vec::new(),
        env: Vec::new(),
        dir: None,
        mounts: Vec::new(),
        stdout: Arc::new(Nothing),
        stderr: Arc::new(Nothing),
        network: Arc::new(Nothing),
        memory_limit: None,
        cpu_quota: None,
        cpu_weight: 100,
    }
}
