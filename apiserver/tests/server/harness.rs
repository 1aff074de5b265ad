//! A server of one's own, asked in process.

use std::net::{Ipv4Addr, SocketAddr};

use api::Identity;
use axum::body::Body;
use coracle_apiserver::{Config, LocalService, Server};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) struct Cluster {
    pub(crate) server: Server,
    pub(crate) dir: tempfile::TempDir,
    api: LocalService,
}

pub(crate) fn config(dir: &std::path::Path) -> Config {
    Config { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..Config::new(dir.to_owned()) }
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let server = Server::start(config(dir.path())).await.expect("a server");
        let api = server.service(Identity::new("system:test", &["system:masters"]));
        Self { server, dir, api }
    }

    /// Another server on what one left behind.
    pub(crate) async fn again(dir: tempfile::TempDir, config: impl FnOnce(&std::path::Path) -> Config) -> Self {
        let server = Server::start(config(dir.path())).await.expect("a server");
        let api = server.service(Identity::new("system:test", &["system:masters"]));
        Self { server, dir, api }
    }

    pub(crate) async fn json_patch(&self, path: &str, patch: &Value) -> (u16, Value) {
        let request =
            Request::builder().method(Method::PATCH).uri(path).header("content-type", "application/json-patch+json");
        let response = self.send(request.body(Body::from(patch.to_string())).expect("a request")).await;
        let code = response.status().as_u16();
        (code, json(response).await)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.api.clone().oneshot(request).await.expect("an answer")
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let content_type = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).header("content-type", content_type).body(body);
        let response = self.send(request.expect("a request")).await;
        let code = response.status().as_u16();
        (code, json(response).await)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, &body).await
    }
}

pub(crate) async fn json(response: Response<Body>) -> Value {
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
}

/// The next events of a watch, as `TYPE name`.
pub(crate) async fn events(body: &mut Body, n: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < n {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(5), body.frame()).await.expect("an event in time");
        let Some(frame) = frame else { break };
        let data = frame.expect("a frame").into_data().expect("data");
        for line in data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line).expect("a whole event per line");
            let name = event["object"]["metadata"]["name"].as_str().unwrap_or("-").to_owned();
            seen.push(format!("{} {name}", event["type"].as_str().expect("a type")));
        }
    }
    seen
}
