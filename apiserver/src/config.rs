//! What a start needs to know; no file and no environment is read for it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use crate::{NetworkConnector, NoNetwork, NoNodes, NodeConnector};

pub struct Config {
    /// Holds `pki/` and the store.
    pub data_dir: PathBuf,
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// More names for the server's certificate.
    pub names: Vec<String>,
    /// Where ClusterIPs come from: network and prefix length. The first address is `kubernetes.default`'s.
    pub service_network: (Ipv4Addr, u8),
    pub node_ports: RangeInclusive<u16>,
    /// The server's own address in the pods' network, behind the Service `kubernetes`.
    pub virtual_address: Ipv4Addr,
    /// Events kept in memory for each resource.
    pub history: usize,
    /// How long old revisions can be read.
    pub retention: Duration,
    pub nodes: Arc<dyn NodeConnector>,
    /// How Services and pods are reached, webhooks among them.
    pub network: Arc<dyn NetworkConnector>,
}

impl Config {
    /// The usual cluster, with its state in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 6443)),
            names: Vec::new(),
            service_network: (Ipv4Addr::new(10, 43, 0, 0), 16),
            node_ports: 30_000..=32_767,
            virtual_address: Ipv4Addr::new(10, 42, 0, 1),
            history: 4096,
            retention: Duration::from_secs(300),
            nodes: Arc::new(NoNodes),
            network: Arc::new(NoNetwork),
        }
    }
    /// The ClusterIP of the Service `kubernetes`.
    pub(crate) fn kubernetes_ip(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.service_network.0) + 1)
    }
}
