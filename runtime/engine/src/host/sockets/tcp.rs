//! The TCP socket: its states, and what leads from one to the next.
use super::{
    Sockets,
    address::{SocketResult, is_of},
    bindings::wasi::sockets::network::{ErrorCode, IpAddressFamily},
    pending::Pending,
    stream::Connection,
};
use crate::{Accepted, Listener, NetError, Stream};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::runtime::Handle;
use wasmtime_wasi::p2::Pollable;

type Connecting = Pending<Result<Box<dyn Stream>, NetError>>;
type Listening = Pending<Result<Box<dyn Listener>, NetError>>;
/// The listener goes with the task that waits on it and comes back with a connection.
type Accepting = Pending<(Box<dyn Listener>, Result<Accepted, NetError>)>;

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct TcpSocket {
    pub(super) family: IpAddressFamily,
    pub(super) options: Options,
    state: State,
}

enum State {
    New,
    Binding {
        local: SocketAddr,
    },
    Bound {
        local: SocketAddr,
    },
    Connecting {
        local: Option<SocketAddr>,
        remote: SocketAddr,
        pending: Connecting,
    },
    Connected {
        local: SocketAddr,
        remote: SocketAddr,
        connection: Connection,
    },
    StartingToListen {
        pending: Listening,
    },
    Listening {
        local: SocketAddr,
        pending: Accepting,
    },
    /// A failed attempt: WASI has nothing left to do with it but drop it.
    Closed,
}

/// Kept and told back. The fabric has no use for them, and real sockets keep the host's defaults.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) keep_alive: bool,
    pub(super) keep_alive_idle: u64,
    pub(super) keep_alive_interval: u64,
    pub(super) keep_alive_count: u32,
    pub(super) hop_limit: u8,
    pub(super) receive_buffer: u64,
    pub(super) send_buffer: u64,
}

impl Default for Options {
    /// Linux's defaults; times in nanoseconds.
    fn default() -> Self {
        Options {
            keep_alive: false,
            keep_alive_idle: 7_200_000_000_000,
            keep_alive_interval: 75_000_000_000,
            keep_alive_count: 9,
            hop_limit: 64,
            receive_buffer: 128 << 10,
            send_buffer: 128 << 10,
        }
    }
}

impl TcpSocket {
    pub(super) fn new(family: IpAddressFamily) -> TcpSocket {
        TcpSocket { family, options: Options::default(), state: State::New }
    }

    pub(super) fn start_bind(&mut self, local: SocketAddr) -> SocketResult<()> {
        self.refuse_while_busy()?;
        if !matches!(self.state, State::New) {
            return Err(ErrorCode::InvalidState.into());
        }
        if !is_of(self.family, &local) {
            return Err(ErrorCode::InvalidArgument.into());
        }
        self.state = State::Binding { local };
        Ok(())
    }

    /// Whether the address can be had shows when it is listened at: only then is it taken.
    pub(super) fn finish_bind(&mut self) -> SocketResult<()> {
        let State::Binding { local } = self.state else { return Err(ErrorCode::NotInProgress.into()) };
        self.state = State::Bound { local };
        Ok(())
    }

    pub(super) fn start_connect(&mut self, remote: SocketAddr, sockets: &Sockets) -> SocketResult<()> {
        self.refuse_while_busy()?;
        let local = match &self.state {
            State::New => None,
            State::Bound { local } => Some(*local),
            _ => return Err(ErrorCode::InvalidState.into()),
        };
        if !is_of(self.family, &remote) || remote.ip().is_unspecified() || remote.port() == 0 {
            return Err(ErrorCode::InvalidArgument.into());
        }
        let network = sockets.network.clone();
        let pending = Pending::start(&sockets.control, async move { network.connect(remote).await });
        self.state = State::Connecting { local, remote, pending };
        Ok(())
    }

    pub(super) fn finish_connect(&mut self, sockets: &mut Sockets) -> SocketResult<Connection> {
        let State::Connecting { local, remote, pending } = &mut self.state else {
            return Err(ErrorCode::NotInProgress.into());
        };
        let (local, remote) = (*local, *remote);
        let stream = pending.take().ok_or(ErrorCode::WouldBlock)?;
        self.state = State::Closed;
        let connection = Connection::new(stream.map_err(|_| ErrorCode::Unknown)??, sockets.control.clone());
        let local = self.local_end(local, sockets);
        self.state = State::Connected { local, remote, connection: connection.clone() };
        Ok(connection)
    }

    pub(super) fn start_listen(&mut self, sockets: &Sockets) -> SocketResult<()> {
        self.refuse_while_busy()?;
        let State::Bound { local } = self.state else { return Err(ErrorCode::InvalidState.into()) };
        let network = sockets.network.clone();
        let pending = Pending::start(&sockets.control, async move { network.listen(local).await });
        self.state = State::StartingToListen { pending };
        Ok(())
    }

    pub(super) fn finish_listen(&mut self, control: &Handle) -> SocketResult<()> {
        let State::StartingToListen { pending } = &mut self.state else { return Err(ErrorCode::NotInProgress.into()) };
        let listener = pending.take().ok_or(ErrorCode::WouldBlock)?;
        self.state = State::Closed;
        let listener = listener.map_err(|_| ErrorCode::Unknown)??;
        self.state = State::Listening { local: listener.local(), pending: accept(control, listener) };
        Ok(())
    }

    /// A socket of its own for the connection that came in.
    pub(super) fn accept(&mut self, control: &Handle) -> SocketResult<(TcpSocket, Connection)> {
        let State::Listening { local, pending } = &mut self.state else { return Err(ErrorCode::InvalidState.into()) };
        let local = *local;
        let Ok((listener, accepted)) = pending.take().ok_or(ErrorCode::WouldBlock)? else {
            self.state = State::Closed;
            return Err(ErrorCode::ConnectionAborted.into());
        };
        *pending = accept(control, listener);
        let Accepted { stream, peer } = accepted?;
        let connection = Connection::new(stream, control.clone());
        let state = State::Connected { local, remote: peer, connection: connection.clone() };
        Ok((TcpSocket { family: self.family, options: self.options.clone(), state }, connection))
    }

    pub(super) fn local(&self) -> SocketResult<SocketAddr> {
        match &self.state {
            State::Bound { local } | State::Connected { local, .. } | State::Listening { local, .. } => Ok(*local),
            _ => Err(ErrorCode::InvalidState.into()),
        }
    }

    pub(super) fn connected(&self) -> SocketResult<(SocketAddr, &Connection)> {
        match &self.state {
            State::Connected { remote, connection, .. } => Ok((*remote, connection)),
            _ => Err(ErrorCode::InvalidState.into()),
        }
    }

    pub(super) fn is_listening(&self) -> bool {
        matches!(self.state, State::Listening { .. })
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    fn refuse_while_busy(&self) -> SocketResult<()> {
        match self.state {
            State::Binding { .. } | State::Connecting { .. } | State::StartingToListen { .. } => {
                Err(ErrorCode::ConcurrencyConflict.into())
            }
            _ => Ok(()),
        }
    }

    fn local_end(&self, bound: Option<SocketAddr>, sockets: &mut Sockets) -> SocketAddr {
        let own = sockets.network.address();
        let own = match (self.family, own) {
            (IpAddressFamily::Ipv4, IpAddr::V4(_)) | (IpAddressFamily::Ipv6, IpAddr::V6(_)) => own,
            (IpAddressFamily::Ipv4, _) => Ipv4Addr::UNSPECIFIED.into(),
            (IpAddressFamily::Ipv6, _) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let ip = bound.map(|bound| bound.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(own);
        let port = bound.map(|bound| bound.port()).filter(|port| *port != 0).unwrap_or_else(|| sockets.next_port());
        SocketAddr::new(ip, port)
    }
}

fn accept(control: &Handle, mut listener: Box<dyn Listener>) -> Accepting {
    Pending::start(control, async move {
        let accepted = listener.accept().await;
        (listener, accepted)
    })
}

#[async_trait::async_trait]
impl Pollable for TcpSocket {
    async fn ready(&mut self) {
        match &mut self.state {
            State::Connecting { pending, .. } => pending.ready().await,
            State::StartingToListen { pending } => pending.ready().await,
            State::Listening { pending, .. } => pending.ready().await,
            State::New | State::Binding { .. } | State::Bound { .. } | State::Connected { .. } | State::Closed => {}
        }
    }
}
