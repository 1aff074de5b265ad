//! Calls what others run to answer for the server: webhooks and aggregated servers, by URL or by Service.

/// Sockets and TLS below the calls.
mod connect;
/// Where a call goes.
mod target;

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Method, Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use parking_lot::Mutex;
use serde_json::Value;
use store::Store;

use connect::Connector;
pub(crate) use target::Target;

use crate::NetworkConnector;

/// What is longer is no review; upstream's limit for a request's body.
const LONGEST_ANSWER: usize = 3 * 1024 * 1024;
/// Authorities whose connections are kept. More than that are not configured by anybody who means it.
const CLIENTS: usize = 128;

/// Keeps connections open between calls: one pool for each authority that signs.
pub(crate) struct WebhookClient {
    store: Store,
    network: Arc<dyn NetworkConnector>,
    /// By the authority's certificates, as the configuration has them.
    clients: Mutex<HashMap<String, Pool>>,
}

type Pool = Client<Connector, Full<Bytes>>;

impl WebhookClient {
    pub(crate) fn new(store: Store, network: Arc<dyn NetworkConnector>) -> Self {
        Self { store, network, clients: Mutex::default() }
    }

    /// Posts `body` to where `client_config` (`url` or `service`, `caBundle`) says and answers what came back with 200.
    ///
    /// # Errors
    /// Why there is no answer, in Go's words: `Post "https://…": context deadline exceeded`.
    pub(crate) async fn call(&self, client_config: &Value, body: Bytes, timeout: Duration) -> Result<Bytes, String> {
        let target = Target::of(client_config)?;
        let asked = target.asked(timeout);
        let failed = |why: &dyn std::fmt::Display| format!("Post {asked:?}: {why}");
        let request = Request::builder()
            .method(Method::POST)
            .uri(target.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, */*")
            .header(USER_AGENT, "kube-apiserver-admission")
            .body(Full::new(body))
            .map_err(|error| failed(&error))?;
        let pool = self.pool(&target).map_err(|why| failed(&why))?;
        let exchange = async {
            let response = pool.request(request).await.map_err(|error| failed(&cause(&error)))?;
            read(response).await
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| Err(failed(&"context deadline exceeded")))
    }

    fn pool(&self, target: &Target) -> Result<Pool, String> {
        let mut clients = self.clients.lock();
        if let Some(known) = clients.get(&target.authorities) {
            return Ok(known.clone());
        }
        let connector = Connector::new(self.store.clone(), Arc::clone(&self.network), &target.authorities)?;
        let pool = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_timer(TokioTimer::new())
            .build(connector);
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        clients.insert(target.authorities.clone(), pool.clone());
        Ok(pool)
    }
}

async fn read(response: Response<hyper::body::Incoming>) -> Result<Bytes, String> {
    let code = response.status();
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
    let body = body.map_err(|error| format!("cannot read the answer: {error}"))?.to_bytes();
    if code == StatusCode::OK {
        return Ok(body);
    }
    // client-go's words for a server that refuses without a Status.
    Err(match serde_json::from_slice::<api::Status>(&body) {
        Ok(status) if !status.message.is_empty() => status.message,
        _ if code == StatusCode::NOT_FOUND => "the server could not find the requested resource".to_owned(),
        _ if code.is_server_error() => {
            let said = String::from_utf8_lossy(&body);
            format!("an error on the server ({:?}) has prevented the request from succeeding", said.trim())
        }
        _ => "the server rejected our request for an unknown reason".to_owned(),
    })
}

/// The innermost reason: what lies around it says only that something failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
