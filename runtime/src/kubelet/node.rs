//! A node as a value: registered, running its pods, answering; until it is stopped.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use client::Cluster;
use engine::{Body, Engine};
use http::{Request, Response};
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    admission::Admitted,
    host::Host,
    ipam::Addresses,
    lease,
    node_status::{self, Machine, Who},
    pods::Pods,
    server,
};
use crate::{
    image::{self, BuiltIn, Store},
    logs::Logs,
    network::Fabric,
    volumes::Volumes,
};

/// How many pod statuses are written at a time.
const WRITES: usize = 64;
/// A registration that failed is tried again after so long.
const RETRY: Duration = Duration::from_secs(1);

/// What a node is made from.
pub struct NodeConfig {
    pub name: String,
    /// Holds the images, volumes and logs of this node alone.
    pub data_dir: PathBuf,
    pub engine: Engine,
    pub fabric: Fabric,
    /// Where its pods get their addresses: network and prefix length.
    pub pod_network: (Ipv4Addr, u8),
    /// The node's own, real address.
    pub address: IpAddr,
    /// Images that came with the binary.
    pub images: Vec<BuiltIn>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not make the directory `{}` of the node", dir.display())]
    Directory { dir: PathBuf, source: std::io::Error },
    #[error("could not open the images of the node")]
    Images(#[source] image::Error),
}

pub struct Node {
    host: Arc<Host>,
    /// Taken by the first to stop it.
    running: Mutex<Option<(Pods, JoinHandle<()>)>>,
    stop: CancellationToken,
    ready: watch::Receiver<bool>,
}

impl Node {
    /// Starts the node; it registers itself as soon as the API answers. `cluster` must speak as this node, and be shut
    /// down after it.
    ///
    /// # Errors
    /// When the node's directory cannot be used.
    pub async fn start(cluster: Cluster, config: NodeConfig) -> Result<Self, Error> {
        let dir = &config.data_dir;
        let made = tokio::fs::create_dir_all(dir).await;
        made.map_err(|source| Error::Directory { dir: dir.clone(), source })?;
        let images = Store::open(&dir.join("images"), &config.images).map_err(Error::Images)?;
        let machine = Machine::read(dir);
        let (network, length) = config.pod_network;
        let pod_cidr = format!("{network}/{length}");
        let who = Who { name: config.name.clone(), address: config.address, pod_cidr };
        let host = Arc::new(Host {
            recorder: cluster.recorder("kubelet", &config.name),
            logs: Logs::start(),
            log_dir: dir.join("logs"),
            volumes: Volumes::new(dir.join("pods"), cluster.clone()),
            addresses: Addresses::new(config.pod_network),
            pods: cluster.informer(),
            services: cluster.informer(),
            admitted: Admitted::default(),
            allocatable: machine.allocatable(),
            resolv_conf: std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default(),
            writes: Semaphore::new(WRITES),
            name: config.name,
            address: config.address,
            engine: config.engine,
            fabric: config.fabric,
            images,
            cluster,
        });
        let stop = CancellationToken::new();
        let (sender, ready) = watch::channel(false);
        let presence = present(Arc::clone(&host), who, machine, sender);
        let token = stop.clone();
        let presence = tokio::spawn(async move {
            token.run_until_cancelled(presence).await;
        });
        let running = Mutex::new(Some((Pods::start(Arc::clone(&host)), presence)));
        Ok(Self { host, running, stop, ready })
    }

    /// Resolves when the Node object says Ready.
    pub async fn ready(&self) {
        let mut ready = self.ready.clone();
        if ready.wait_for(|ready| *ready).await.is_err() {
            // it ended before it was ready, and will never be
            std::future::pending::<()>().await;
        }
    }

    pub fn name(&self) -> &str {
        &self.host.name
    }

    pub fn images(&self) -> &Store {
        &self.host.images
    }

    /// Answers one request of the kubelet's own HTTP API: `/containerLogs/..`, `/images/..`.
    pub fn call(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send + 'static {
        let host = Arc::clone(&self.host);
        async move { server::call(&host, request).await }
    }

    /// Ends the guests and waits for everything; the pods stay in the API and are run again by the next start.
    pub async fn stop(&self) {
        self.stop.cancel();
        let running = self.running.lock().take();
        let Some((pods, presence)) = running else { return };
        pods.stop().await;
        if let Err(error) = presence.await {
            tracing::error!(%error, "the registration of the node failed");
        }
        self.host.logs.stop().await;
    }
}

/// Registers the node, then shows that it lives.
async fn present(host: Arc<Host>, who: Who, machine: Machine, ready: watch::Sender<bool>) {
    let mut node = loop {
        match node_status::register(&host.cluster, &who, &machine, &host.images).await {
            Ok(node) => break node,
            Err(error) => tracing::warn!(node = who.name, %error, "cannot register the node; trying again"),
        }
        tokio::time::sleep(RETRY).await;
    };
    tracing::info!(node = who.name, "node registered");
    ready.send_replace(true);
    let lease = lease::keep(host.cluster.clone(), node.clone());
    let reports = async {
        loop {
            tokio::time::sleep(node_status::REPORTED).await;
            match node_status::report(&host.cluster, &who, &machine, &host.images, node.status.as_ref()).await {
                Ok(reported) => node = reported,
                Err(error) => tracing::warn!(node = who.name, %error, "cannot report the status of the node"),
            }
        }
    };
    tokio::join!(reports, lease);
}
