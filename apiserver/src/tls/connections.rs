//! From accepted sockets to the router; ends connections in order.

use std::{io, sync::Arc, time::Duration};

use api::Identity;
use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tracing::{Instrument, debug, info_span, warn};

use crate::authentication::x509;

/// A handshake that takes longer is not a client.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests that run at the end may take to finish.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// What the holder of a connection proved with its client certificate; no header can set it.
#[derive(Clone)]
pub(crate) struct Peer(pub(crate) Option<Arc<Identity>>);

/// Owns every connection's task.
#[derive(Clone)]
pub(crate) struct Connections {
    tls: TlsAcceptor,
    router: Router,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Connections {
    pub(crate) fn new(tls: TlsAcceptor, router: Router, stop: CancellationToken) -> Self {
        Self { tls, router, stop, tasks: TaskTracker::new() }
    }

    /// Accepts until the server stops.
    pub(crate) fn listen(&self, listener: TcpListener) {
        let this = self.clone();
        self.tasks.spawn(
            async move {
                while let Some(accepted) = this.stop.run_until_cancelled(listener.accept()).await {
                    match accepted {
                        Ok((socket, _)) => {
                            if let Err(error) = socket.set_nodelay(true) {
                                debug!(%error, "a socket keeps Nagle's algorithm");
                            }
                            this.serve(socket);
                        }
                        // Out of descriptors is the usual reason, and passes: wait instead of spinning on the same error.
                        Err(error) => {
                            warn!(%error, "cannot accept a connection");
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
            }
            .instrument(info_span!("listen")),
        );
    }

    /// Serves one stream, wherever it comes from.
    pub(crate) fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let this = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = this.connection(stream).await {
                debug!(%error, "a connection ended");
            }
        });
    }

    async fn connection(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<(), tower::BoxError> {
        let tls = self.stop.run_until_cancelled(timeout(HANDSHAKE, self.tls.accept(stream))).await;
        let Some(tls) = tls else { return Ok(()) };
        let tls = tls.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let peer = Peer(tls.get_ref().1.peer_certificates().and_then(|chain| x509::identity(chain.first()?)).map(Arc::new));
        let router = self.router;
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer.clone());
            router.clone().oneshot(request)
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new());
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1000).adaptive_window(true);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(tls), service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        timeout(LAST_REQUESTS, connection).await.unwrap_or(Ok(()))
    }

    /// Waits for every connection's end; the token was cancelled before.
    pub(crate) async fn ended(self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
