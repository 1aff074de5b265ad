//! An engine of the test's own, an output that remembers, a network that exists only here.
use bytes::Bytes;
use engine::{Accepted, Body, Config, Engine, Exit, Guest, Listener, Mount, NetError, Network, Output, Stream, Workload};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;

pub(crate) const HANDLER: &[u8] = include_bytes!("../guests/handler.wasm");
pub(crate) const COMMAND: &[u8] = include_bytes!("../guests/command.wasm");
pub(crate) const CORE: &[u8] = include_bytes!("../guests/core.wasm");

/// Long enough for a slow machine, short enough to notice.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Compiled once for all tests: they run in parallel and share the directory, as nodes of one process may.
fn cache_dir() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache")
}

pub(crate) fn engine() -> Engine {
    engine_with(1, 20)
}

pub(crate) fn engine_with(threads: usize, max_instances: u32) -> Engine {
    Engine::new(Config { cache_dir: cache_dir(), threads, max_instances }).unwrap()
}

#[derive(Default)]
pub(crate) struct Printed(Mutex<Vec<u8>>);

impl Output for Printed {
    fn write(&self, bytes: &[u8]) {
        self.0.lock().unwrap().extend_from_slice(bytes);
    }
}

impl Printed {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

type Incoming = mpsc::Receiver<Box<dyn Stream>>;

/// Names and listeners in a table; a connection is an in-memory pipe to the listener.
#[derive(Default)]
pub(crate) struct FakeNetwork {
    names: HashMap<&'static str, Vec<IpAddr>>,
    listeners: Mutex<HashMap<SocketAddr, mpsc::Sender<Box<dyn Stream>>>>,
}

struct FakeListener {
    at: SocketAddr,
    incoming: Incoming,
}

/// Accepts nothing and refuses nothing.
pub(crate) const BLACK_HOLE: &str = "10.9.9.9:9";

impl FakeNetwork {
    pub(crate) fn with_names(names: &[(&'static str, &[&str])]) -> Arc<FakeNetwork> {
        let parse = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        let names = names.iter().map(|(name, addresses)| (*name, parse(addresses))).collect();
        Arc::new(FakeNetwork { names, ..FakeNetwork::default() })
    }

    pub(crate) fn open(&self, at: &str) -> Incoming {
        let (sender, incoming) = mpsc::channel(4);
        self.listeners.lock().unwrap().insert(at.parse().unwrap(), sender);
        incoming
    }

    pub(crate) async fn dial(&self, to: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
        if to == BLACK_HOLE.parse().unwrap() {
            std::future::pending::<()>().await;
        }
        let listener = self.listeners.lock().unwrap().get(&to).cloned().ok_or(NetError::Refused)?;
        let (here, there) = tokio::io::duplex(1000);
        listener.send(Box::new(there)).await.map_err(|_| NetError::Refused)?;
        Ok(Box::new(here))
    }
}

#[async_trait::async_trait]
impl Network for FakeNetwork {
    async fn connect(&self, to: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
        assert!(!std::thread::current().name().unwrap_or_default().starts_with("guest"), "networking on a guest thread");
        self.dial(to).await
    }

    async fn listen(&self, at: SocketAddr) -> Result<Box<dyn Listener>, NetError> {
        Ok(Box::new(FakeListener { at, incoming: self.open(&at.to_string()) }))
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, NetError> {
        self.names.get(name).cloned().ok_or_else(|| NetError::NameNotFound(name.to_owned()))
    }

    fn address(&self) -> IpAddr {
        "10.128.0.7".parse().unwrap()
    }
}

#[async_trait::async_trait]
impl Listener for FakeListener {
    async fn accept(&mut self) -> Result<Accepted, NetError> {
        let stream = self.incoming.recv().await.ok_or(NetError::Reset)?;
        Ok(Accepted { stream, peer: "10.128.0.8:50000".parse().unwrap() })
    }

    fn local(&self) -> SocketAddr {
        self.at
    }
}

/// What a test says about its workload; the rest is empty.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) args: Vec<&'static str>,
    pub(crate) env: Vec<(&'static str, &'static str)>,
    pub(crate) cpu_quota: Option<u64>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) network: Arc<FakeNetwork>,
    pub(crate) memory_limit: Option<u64>,
}

pub(crate) struct Running {
    pub(crate) guest: Guest,
    pub(crate) stdout: Arc<Printed>,
    pub(crate) stderr: Arc<Printed>,
}

impl Setup {
    pub(crate) fn args(args: &[&'static str]) -> Setup {
        Setup { args: args.to_vec(), ..Setup::default() }
    }

    pub(crate) async fn start(self, engine: &Engine, wasm: &'static [u8]) -> Running {
        let module = engine.prepare(&digest(wasm), Bytes::from_static(wasm)).await.unwrap();
        let (workload, stdout, stderr) = self.workload();
        Running { guest: engine.start(&module, workload).await.unwrap(), stdout, stderr }
    }

    pub(crate) fn workload(self) -> (Workload, Arc<Printed>, Arc<Printed>) {
        let (stdout, stderr) = (Arc::new(Printed::default()), Arc::new(Printed::default()));
        let own = |text: &str| text.to_owned();
        let workload = Workload {
            name: own("test"),
            args: std::iter::once("guest").chain(self.args).map(own).collect(),
            env: self.env.into_iter().map(|(name, value)| (own(name), own(value))).collect(),
            dir: None,
            mounts: self.mounts,
            stdout: stdout.clone(),
            stderr: stderr.clone(),
            network: self.network,
            memory_limit: self.memory_limit,
            cpu_quota: self.cpu_quota,
            cpu_weight: 100,
        };
        (workload, stdout, stderr)
    }
}

impl Running {
    pub(crate) async fn exited(&self) -> Exit {
        tokio::time::timeout(PATIENCE, self.guest.exited()).await.expect("the guest ends")
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = tokio::time::timeout(PATIENCE, self.guest.handle(request(path, ""))).await.expect("an answer comes");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("the body is whole").to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// Runs a process to its end: how it ended and what it printed.
pub(crate) async fn run(wasm: &'static [u8], setup: Setup) -> (Exit, String) {
    let running = setup.start(&engine(), wasm).await;
    let exit = running.exited().await;
    (exit, running.stdout.text())
}

pub(crate) fn request(path: &str, body: impl Into<Bytes>) -> Request<Body> {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    Request::builder().uri(path).header("host", "test").body(body).unwrap()
}

pub(crate) async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub(crate) fn digest(wasm: &[u8]) -> String {
    use sha2::Digest;
    format!("sha256:{}", sha2::Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
