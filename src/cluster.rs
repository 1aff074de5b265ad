//! Puts the parts together: API server, controllers, scheduler, nodes, network. Composes, decides nothing.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use api::Identity;
use apiserver::{NetworkConnector, NetworkStream, NodeBody, NodeConnector, Server};
use client::{Manager, Message, Source, views::NodeView};
use futures::{FutureExt as _, future::BoxFuture};
use parking_lot::RwLock;
use runtime::{
    Engine, EngineConfig, Node, NodeConfig,
    image::BuiltIn,
    network::{API_SERVER, Fabric, Listener},
    proxy::Proxy,
};
use scheduler::Scheduler;
use serde_json::Value;
use tokio::task::JoinHandle;

/// Addresses of pods on one node: a /18 of 10.128.0.0/9.
const POD_PREFIX: u8 = 18;

/// Guests that live at once without a slower way to make them.
const INSTANCES: u32 = 4000;

pub(crate) struct Options {
    pub(crate) data_dir: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) nodes: u8,
    /// Images that every node has from the start: name and module.
    pub(crate) images: Vec<BuiltIn>,
}

/// A running cluster.
pub(crate) struct Cluster {
    server: Arc<Server>,
    clients: Vec<client::Cluster>,
    admin: client::Cluster,
    manager: Manager,
    scheduler: Scheduler,
    nodes: Arc<Directory>,
    proxy: Proxy,
    fabric: Fabric,
    door: JoinHandle<()>,
}

/// The nodes of this process, for the API server to call.
#[derive(Default)]
struct Directory(RwLock<BTreeMap<String, Node>>);

impl NodeConnector for Directory {
    fn call(
        &self,
        node: &str,
        request: http::Request<NodeBody>,
    ) -> BoxFuture<'static, Result<http::Response<NodeBody>, String>> {
        let call = self.0.read().get(node).map(|found| found.call(request));
        let name = node.to_owned();
        async move {
            match call {
                Some(answer) => Ok(answer.await),
                None => Err(format!("node {name:?} does not run here")),
            }
        }
        .boxed()
    }
}

/// The API server's keys, for the controllers.
struct Authority(apiserver::Authority);

impl controllers::Authority for Authority {
    fn sign_certificate(&self, request: &str, usages: &[&str], lifetime: Duration) -> Result<String, String> {
        self.0.sign_certificate(request, usages, lifetime)
    }

    fn account_token(&self, namespace: &str, secret: &str, account: &str, uid: &str) -> Result<String, String> {
        self.0.account_token(namespace, secret, account, uid)
    }
}

/// The API server as a member of the pods' network.
struct Network(Fabric);

impl NetworkConnector for Network {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, Result<Box<dyn NetworkStream>, String>> {
        let fabric = self.0.clone();
        async move {
            let stream = fabric.connect(API_SERVER, to).await.map_err(|error| format!("dial tcp {to}: connect: {error}"))?;
            Ok(Box::new(stream) as Box<dyn NetworkStream>)
        }
        .boxed()
    }
}

impl Cluster {
    pub(crate) async fn start(options: Options) -> anyhow::Result<Self> {
        let directory = Arc::new(Directory::default());
        let mut config = apiserver::Config::new(options.data_dir.clone());
        config.listen = options.listen;
        config.nodes = Arc::clone(&directory) as Arc<dyn NodeConnector>;
        let fabric = Fabric::new();
        config.network = Arc::new(Network(fabric.clone()));
        let server = Server::start(config).await?;

        let door = fabric.listen(SocketAddr::new(API_SERVER, server.address().port())).context("the network is taken")?;
        let join = |identity: Identity| {
            let client = kube::Client::new(server.service(identity.clone()), "default");
            client::Cluster::new(client, Source::Feed(server.feed()), identity)
        };
        let component = |name: &str| join(Identity::new(&format!("system:{name}"), &[]));
        let (controller, scheduling) = (component("kube-controller-manager"), component("kube-scheduler"));
        let (proxying, admin) = (component("kube-proxy"), join(Identity::new("kubernetes-admin", &["system:masters"])));

        let authority = Arc::new(Authority(server.authority()));
        let settings = controllers::Settings { root_ca_pem: server.ca_certificate().to_owned(), authority };
        let manager = Manager::start(controller.clone(), controllers::all(settings));
        let scheduler = Scheduler::start(scheduling.clone());
        let proxy = Proxy::start(proxying.clone(), fabric.clone(), options.listen.ip());
        let mut clients = vec![controller, scheduling, proxying];
        let engine = engine(&options.data_dir)?;
        for index in 0..options.nodes {
            let name = node_name(index);
            let cluster = join(Identity::node(&name));
            clients.push(cluster.clone());
            let config = NodeConfig {
                name: name.clone(),
                data_dir: options.data_dir.join("nodes").join(&name),
                engine: engine.clone(),
                fabric: fabric.clone(),
                pod_network: (pod_network(index), POD_PREFIX),
                address: node_address(options.listen.ip()),
                images: options.images.clone(),
            };
            let node = Node::start(cluster, config).await.with_context(|| format!("cannot start node `{name}`"))?;
            directory.0.write().insert(name, node);
        }
        let server = Arc::new(server);
        let door = tokio::spawn(admit(door, Arc::clone(&server)));
        Ok(Self { server, clients, admin, manager, scheduler, nodes: directory, proxy, fabric, door })
    }

    /// Resolves when every node of this process is Ready.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let nodes = self.admin.informer::<NodeView>();
        let mut changes = nodes.subscribe();
        nodes.synced().await;
        let is_ready = |name: &str| nodes.get(&api::Key::cluster(name)).is_some_and(|node| node.ready);
        let names: Vec<String> = self.nodes.0.read().keys().cloned().collect();
        while !names.iter().all(|name| is_ready(name)) {
            let message: Option<Message<NodeView>> = changes.next().await;
            anyhow::ensure!(message.is_some(), "the cluster stopped before its nodes were Ready");
        }
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A kubeconfig for the administrator.
    pub(crate) fn kubeconfig(&self) -> Value {
        self.server.admin_kubeconfig()
    }

    /// The cluster as its administrator sees it.
    pub(crate) fn admin(&self) -> &client::Cluster {
        &self.admin
    }

    /// Ends everything, the outside first: no new connection, then no guest, then nobody who writes, then the store.
    pub(crate) async fn stop(self) {
        self.proxy.stop().await;
        let nodes = std::mem::take(&mut *self.nodes.0.write());
        for node in nodes.into_values() {
            node.stop().await;
        }
        self.scheduler.stop().await;
        self.manager.stop().await;
        for client in self.clients.iter().chain([&self.admin]) {
            client.shutdown().await;
        }
        self.fabric.stop().await;
        self.door.abort();
        // an abort is what we asked for
        let _ = self.door.await;
        if let Some(server) = Arc::into_inner(self.server) {
            server.stop().await;
        }
    }
}

/// The API server's own address in the pods' network.
async fn admit(mut door: Listener, server: Arc<Server>) {
    while let Some(incoming) = door.accept().await {
        server.serve(incoming.stream);
    }
}

fn engine(data_dir: &std::path::Path) -> anyhow::Result<Engine> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let config = EngineConfig { cache_dir: data_dir.join("modules"), threads, max_instances: INSTANCES };
    Engine::new(config).context("cannot start the WebAssembly engine")
}

/// `coracle`, `coracle-2`, `coracle-3`: a cluster that grows keeps its first node.
fn node_name(index: u8) -> String {
    if index == 0 { "coracle".to_owned() } else { format!("coracle-{}", index + 1) }
}

fn pod_network(index: u8) -> Ipv4Addr {
    let first = u32::from(Ipv4Addr::new(10, 128, 0, 0));
    Ipv4Addr::from(first + (u32::from(index) << (32 - POD_PREFIX)))
}

/// What a node tells others to reach it at: no address means any, and the loopback is one that works here.
fn node_address(listen: IpAddr) -> IpAddr {
    if listen.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { listen }
}
