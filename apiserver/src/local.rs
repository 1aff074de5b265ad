//! The service that clients in the process use: the same router, with an identity that no socket can set.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use api::Identity;
use axum::{Router, body::Body};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, header::USER_AGENT};
use tower::{BoxError, Service, ServiceExt};

/// Everything the server serves, for one identity: `kube::Client::new(service, "default")`.
#[derive(Clone)]
pub struct LocalService {
    router: Router,
    identity: InProcess,
    agent: HeaderValue,
}

/// The identity of a caller in this process; only [`LocalService`] makes one.
#[derive(Clone)]
pub(crate) struct InProcess(pub(crate) Arc<Identity>);

impl LocalService {
    pub(crate) fn new(router: Router, identity: Identity) -> Self {
        let agent = HeaderValue::from_str(program(&identity.name)).unwrap_or(HeaderValue::from_static("coracle"));
        Self { router, identity: InProcess(Arc::new(identity)), agent }
    }
}

/// The program that `name` is in a cluster of many: the fields it writes are recorded in its name.
fn program(name: &str) -> &str {
    match name.strip_prefix("system:") {
        Some("apiserver") => "kube-apiserver",
        Some(rest) if rest.starts_with("node:") => "kubelet",
        Some(rest) if rest.starts_with("serviceaccount:") => "kube-controller-manager",
        Some(rest) => rest,
        None => name,
    }
}

impl<B> Service<Request<B>> for LocalService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.identity.clone());
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| self.agent.clone());
        Box::pin(self.router.clone().oneshot(request))
    }
}
