//! The door to the outside: a guest's sockets, names and outgoing requests end here.
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connected byte stream, real or in memory.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A connection that came in.
pub struct Accepted {
    pub stream: Box<dyn Stream>,
    pub peer: SocketAddr,
}

/// Dropping it frees the address.
#[async_trait::async_trait]
pub trait Listener: Send + 'static {
    /// Cancel-safe: a dropped call loses no connection.
    async fn accept(&mut self) -> Result<Accepted, NetError>;
    /// Where it listens, with the port that was given for port 0.
    fn local(&self) -> SocketAddr;
}

/// Called on the runtime in which the engine was made, never on a guest thread.
#[async_trait::async_trait]
pub trait Network: Send + Sync + 'static {
    async fn connect(&self, to: SocketAddr) -> Result<Box<dyn Stream>, NetError>;
    async fn listen(&self, at: SocketAddr) -> Result<Box<dyn Listener>, NetError>;
    /// Every address of a name, in the order in which they should be tried; never empty.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, NetError>;
    /// The guest's own address, told as the local end of its connections.
    fn address(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error("connection refused")]
    Refused,
    #[error("connection reset")]
    Reset,
    #[error("no route to host")]
    Unreachable,
    #[error("timed out")]
    TimedOut,
    #[error("forbidden")]
    Denied,
    #[error("address already in use")]
    AddressInUse,
    #[error("cannot listen at this address")]
    AddressNotBindable,
    #[error("no such host `{0}`")]
    NameNotFound(String),
    #[error("cannot resolve `{0}` now")]
    NameUnavailable(String),
    #[error("not supported")]
    NotSupported,
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for NetError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => NetError::Refused,
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => NetError::Reset,
            Kind::HostUnreachable | Kind::NetworkUnreachable => NetError::Unreachable,
            Kind::TimedOut => NetError::TimedOut,
            Kind::PermissionDenied => NetError::Denied,
            Kind::AddrInUse => NetError::AddressInUse,
            Kind::AddrNotAvailable => NetError::AddressNotBindable,
            Kind::Unsupported => NetError::NotSupported,
            _ => NetError::Io(error),
        }
    }
}
