//! Real sockets for NodePorts.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::network::Fabric;

/// Connections the machine holds for us between two accepts.
const BACKLOG: u32 = 1024;

/// The listeners of one process, by port.
pub(super) struct NodePorts {
    fabric: Fabric,
    address: IpAddr,
    listeners: HashMap<u16, CancellationToken>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl NodePorts {
    pub(super) fn new(fabric: Fabric, address: IpAddr, tasks: TaskTracker, shutdown: CancellationToken) -> Self {
        Self { fabric, address, listeners: HashMap::new(), tasks, shutdown }
    }

    /// Opens what is `wanted` and closes what is not. A port that another program holds is reported, and tried again
    /// whenever the tables change.
    pub(super) fn set(&mut self, wanted: &BTreeSet<u16>) {
        self.listeners.retain(|port, listener| {
            let keep = wanted.contains(port);
            if !keep {
                listener.cancel();
            }
            keep
        });
        for port in wanted {
            if self.listeners.contains_key(port) {
                continue;
            }
            match listen(SocketAddr::new(self.address, *port)) {
                Ok(listener) => {
                    let token = self.shutdown.child_token();
                    self.listeners.insert(*port, token.clone());
                    self.tasks.spawn(accept(listener, *port, self.fabric.clone(), self.tasks.clone(), token));
                }
                Err(error) => tracing::warn!(port, %error, "cannot open the node port"),
            }
        }
    }
}

fn listen(at: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, port: u16, fabric: Fabric, tasks: TaskTracker, closed: CancellationToken) {
    while let Some(accepted) = closed.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(enter(stream, peer, port, fabric.clone()));
            }
            Err(error) => {
                // out of file descriptors, most likely: accepting again at once would spin
                tracing::warn!(port, %error, "cannot accept at the node port");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn enter(stream: TcpStream, peer: SocketAddr, port: u16, fabric: Fabric) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a client left before it was served");
        return;
    }
    let Some(backends) = fabric.tables().node_port(port) else { return };
    if let Err(undelivered) = fabric.deliver(&backends, Box::new(stream), peer).await {
        tracing::debug!(port, %peer, error = %undelivered.error, "no endpoint took the connection");
    }
}
