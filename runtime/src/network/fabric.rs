//! The switch: virtual listeners, and how a stream gets to one.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use engine::{NetError, Stream};
use parking_lot::RwLock;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{API_SERVER, HOST, Tables, tables::Backends};

/// Streams that wait for one listener; a connect beyond that is refused, as a full accept queue does.
const BACKLOG: usize = 1024;
/// Bytes in flight each way on an in-memory stream.
const PIPE: usize = 64 * 1024;

/// One per process; a cheap handle.
#[derive(Clone)]
pub struct Fabric {
    inner: Arc<Inner>,
}

struct Inner {
    listeners: RwLock<HashMap<SocketAddr, mpsc::Sender<Incoming>>>,
    tables: Tables,
    relays: TaskTracker,
    shutdown: CancellationToken,
}

/// A stream that arrived at a listener.
pub struct Incoming {
    pub stream: Box<dyn Stream>,
    pub peer: SocketAddr,
}

/// A virtual address that is listened on; dropping it frees the address.
pub struct Listener {
    address: SocketAddr,
    incoming: mpsc::Receiver<Incoming>,
    fabric: Fabric,
}

/// A stream that could not be handed over, to be tried elsewhere: not a byte of it was used.
pub struct Undelivered {
    pub stream: Box<dyn Stream>,
    pub error: NetError,
}

impl Fabric {
    pub fn new() -> Self {
        let inner = Inner {
            listeners: RwLock::default(),
            tables: Tables::default(),
            relays: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What is known of Services; the proxy writes it.
    pub fn tables(&self) -> &Tables {
        &self.inner.tables
    }

    /// Listens on a virtual address.
    ///
    /// # Errors
    /// [`NetError::AddressInUse`] while somebody else does.
    pub fn listen(&self, at: SocketAddr) -> Result<Listener, NetError> {
        let (sender, incoming) = mpsc::channel(BACKLOG);
        let mut listeners = self.inner.listeners.write();
        if listeners.get(&at).is_some_and(|old| !old.is_closed()) {
            return Err(NetError::AddressInUse);
        }
        listeners.insert(at, sender);
        Ok(Listener { address: at, incoming, fabric: self.clone() })
    }

    /// Opens a stream from a pod to wherever `to` is: a Service, a pod, or the world.
    ///
    /// # Errors
    /// As a socket's `connect`; a Service without endpoints refuses.
    pub async fn connect(&self, from: IpAddr, to: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
        let peer = SocketAddr::new(from, ephemeral_port());
        let Some(backends) = self.inner.tables.virtual_address(to) else {
            if self.inner.tables.is_service_address(to.ip()) {
                return Err(NetError::Refused);
            }
            return self.dial(peer, to).await;
        };
        let mut last = NetError::Refused;
        for endpoint in backends.order(from) {
            match self.dial(peer, endpoint).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Hands over a stream that exists (a real socket at a NodePort) to one of `backends`: no copy for a pod of this
    /// process, a relay for anything else.
    ///
    /// # Errors
    /// The stream comes back untouched if no endpoint takes it.
    pub async fn deliver(
        &self,
        backends: &Backends,
        mut stream: Box<dyn Stream>,
        peer: SocketAddr,
    ) -> Result<(), Undelivered> {
        let mut error = NetError::Refused;
        for endpoint in backends.order(peer.ip()) {
            if self.is_virtual(endpoint.ip()) {
                match self.hand_over(endpoint, stream, peer) {
                    Ok(()) => return Ok(()),
                    Err(back) => (stream, error) = (back.stream, back.error),
                }
                continue;
            }
            match self.dial(peer, endpoint).await {
                Ok(far) => {
                    self.relay(stream, far);
                    return Ok(());
                }
                Err(refused) => error = refused,
            }
        }
        Err(Undelivered { stream, error })
    }

    /// Ends all relays and waits for them.
    pub async fn stop(&self) {
        self.inner.shutdown.cancel();
        self.inner.relays.close();
        self.inner.relays.wait().await;
    }

    async fn dial(&self, peer: SocketAddr, to: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
        if to.ip() == HOST {
            return dial_real(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), to.port())).await;
        }
        if self.is_virtual(to.ip()) {
            let (near, far) = tokio::io::duplex(PIPE);
            return match self.hand_over(to, Box::new(far), peer) {
                Ok(()) => Ok(Box::new(near)),
                Err(refused) => Err(refused.error),
            };
        }
        dial_real(to).await
    }

    fn hand_over(&self, to: SocketAddr, stream: Box<dyn Stream>, peer: SocketAddr) -> Result<(), Undelivered> {
        let sender = self.inner.listeners.read().get(&to).cloned();
        let Some(sender) = sender else { return Err(Undelivered { stream, error: NetError::Refused }) };
        sender.try_send(Incoming { stream, peer }).map_err(|refused| {
            let incoming = match refused {
                mpsc::error::TrySendError::Full(incoming) | mpsc::error::TrySendError::Closed(incoming) => incoming,
            };
            Undelivered { stream: incoming.stream, error: NetError::Refused }
        })
    }

    fn is_virtual(&self, ip: IpAddr) -> bool {
        self.inner.tables.is_pod_address(ip) || ip == API_SERVER
    }

    fn relay(&self, mut near: Box<dyn Stream>, mut far: Box<dyn Stream>) {
        let shutdown = self.inner.shutdown.clone();
        self.inner.relays.spawn(async move {
            let copied = shutdown.run_until_cancelled(tokio::io::copy_bidirectional(&mut near, &mut far)).await;
            if let Some(Err(error)) = copied {
                tracing::debug!(%error, "a relayed stream broke");
            }
        });
    }
}

impl Default for Fabric {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next stream; `None` after [`Listener::close`], when all that had arrived was taken.
    pub async fn accept(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// Takes no new stream; those that arrived can still be accepted.
    pub fn close(&mut self) {
        self.incoming.close();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.incoming.close();
        let mut listeners = self.fabric.inner.listeners.write();
        // a successor may hold the address by now
        if listeners.get(&self.address).is_some_and(mpsc::Sender::is_closed) {
            listeners.remove(&self.address);
        }
    }
}

async fn dial_real(to: SocketAddr) -> Result<Box<dyn Stream>, NetError> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

fn ephemeral_port() -> u16 {
    rand::random_range(32_768..=60_999)
}

#[cfg(test)]
mod tests;
