//! HTTP for handler guests: a hyper server for each stream that arrives at a container's port.

use std::{convert::Infallible, sync::Arc, time::Duration};

use engine::Guest;
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming as Received, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Incoming, Listener};

/// How long an idle connection may keep a draining pod. Closing it at once would cut off the request that its client may
/// be sending this very moment; a client that speaks is told to go by `connection: close`.
const LINGER: Duration = Duration::from_millis(1500);

/// How long the client of a guest that has ended may take to read its answer.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Serves one port of one handler container until it is stopped.
pub struct HandlerServer {
    shared: Arc<Shared>,
    connections: TaskTracker,
}

struct Shared {
    guest: Guest,
    /// Answers say `connection: close`.
    draining: CancellationToken,
    /// The listener takes no new stream.
    closed: CancellationToken,
    /// Connections end with the answer they are sending.
    finishing: CancellationToken,
    /// Connections end, whatever they are doing.
    stopped: CancellationToken,
}

impl HandlerServer {
    pub fn start(listener: Listener, guest: Guest) -> Self {
        let shared = Arc::new(Shared {
            guest,
            draining: CancellationToken::new(),
            closed: CancellationToken::new(),
            finishing: CancellationToken::new(),
            stopped: CancellationToken::new(),
        });
        let connections = TaskTracker::new();
        connections.spawn(accept(listener, Arc::clone(&shared), connections.clone()));
        Self { shared, connections }
    }

    /// Serves what it holds and whatever still arrives while nobody else knows that it ends; returns when no connection
    /// is left. Take the pod's address out of the tables before, or beside, this.
    pub async fn drain(&self) {
        self.shared.draining.cancel();
        self.shared.closed.cancel();
        self.connections.close();
        self.connections.wait().await;
    }

    /// For a guest that has ended: what it answered is still sent, then every connection ends.
    pub async fn stop(&self) {
        self.shared.finishing.cancel();
        if tokio::time::timeout(LAST_WORDS, self.drain()).await.is_err() {
            self.shared.stopped.cancel();
            self.drain().await;
        }
    }
}

async fn accept(mut listener: Listener, shared: Arc<Shared>, connections: TaskTracker) {
    loop {
        let incoming = tokio::select! {
            incoming = listener.accept() => incoming,
            () = shared.closed.cancelled() => break,
        };
        let Some(incoming) = incoming else { return };
        connections.spawn(serve(incoming, Arc::clone(&shared)));
    }
    // what was handed over before the door closed is served: its client knows of no other pod
    listener.close();
    while let Some(incoming) = listener.accept().await {
        connections.spawn(serve(incoming, Arc::clone(&shared)));
    }
}

async fn serve(incoming: Incoming, shared: Arc<Shared>) {
    let service = {
        let shared = Arc::clone(&shared);
        service_fn(move |request| answer(Arc::clone(&shared), request))
    };
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(incoming.stream), service);
    let mut connection = std::pin::pin!(connection);
    let linger = async {
        shared.draining.cancelled().await;
        tokio::select! {
            () = tokio::time::sleep(LINGER) => {}
            () = shared.finishing.cancelled() => {}
        }
    };
    let mut linger = std::pin::pin!(linger);
    let mut told = false;
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = shared.stopped.cancelled() => return,
            () = linger.as_mut(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, peer = %incoming.peer, "a connection to a handler broke");
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Received>) -> Result<Response<engine::Body>, Infallible> {
    let version = request.version();
    let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    let mut response = shared.guest.handle(request).await;
    if shared.draining.is_cancelled() && version < http::Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
