//! A pod's view of the network: its own localhost, its namespace's names.

use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use engine::{Accepted, NetError, Network, Stream};

use super::{Fabric, Listener, names};

/// What the containers of one pod share.
#[derive(Clone)]
pub struct PodNetwork {
    fabric: Fabric,
    ip: IpAddr,
    namespace: String,
}

impl PodNetwork {
    pub fn new(fabric: Fabric, ip: IpAddr, namespace: &str) -> Self {
        Self { fabric, ip, namespace: namespace.to_owned() }
    }

    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The address under which the fabric knows what the pod calls `address`.
    fn translate(&self, address: SocketAddr) -> SocketAddr {
        let own = address.ip().is_loopback() || address.ip().is_unspecified();
        if own { SocketAddr::new(self.ip, address.port()) } else { address }
    }
}

#[async_trait]
impl Network for PodNetwork {
    async fn connect(&self, to: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
        self.fabric.connect(self.ip, self.translate(to)).await
    }

    async fn listen(&self, at: SocketAddr) -> Result<Box<dyn engine::Listener>, NetError> {
        Ok(Box::new(self.fabric.listen(self.translate(at))?))
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, NetError> {
        names::resolve(self.fabric.tables(), &self.namespace, name).await
    }

    fn address(&self) -> IpAddr {
        self.ip
    }
}

#[async_trait]
impl engine::Listener for Listener {
    async fn accept(&mut self) -> Result<Accepted, NetError> {
        let incoming = Self::accept(self).await.ok_or(NetError::Reset)?;
        Ok(Accepted { stream: incoming.stream, peer: incoming.peer })
    }

    fn local(&self) -> SocketAddr {
        self.address()
    }
}
