//! The door into the pods' network: how the server reaches a Service or a pod.

use std::net::SocketAddr;

use futures::{FutureExt, future::BoxFuture};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a connection is made of.
pub trait NetworkStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> NetworkStream for T {}

/// Implemented by whoever knows the pods' network.
pub trait NetworkConnector: Send + Sync + 'static {
    /// Opens a stream to an address of a Service or a pod.
    ///
    /// # Errors
    /// A sentence that says why `to` cannot be reached, in Go's words: `dial tcp 10.43.0.9:443: connect: connection refused`.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, Result<Box<dyn NetworkStream>, String>>;
}

/// A cluster without a network: what listens on the machine can be reached.
pub struct NoNetwork;

impl NetworkConnector for NoNetwork {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, Result<Box<dyn NetworkStream>, String>> {
        async move {
            let stream =
                tokio::net::TcpStream::connect(to).await.map_err(|error| format!("dial tcp {to}: connect: {error}"))?;
            Ok(Box::new(stream) as Box<dyn NetworkStream>)
        }
        .boxed()
    }
}
