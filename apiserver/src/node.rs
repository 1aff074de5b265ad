//! The door to the nodes: how a request for a pod's log or a shell reaches the kubelet that runs it.

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

/// What travels to and from a node. An upgrade travels as hyper's extension of the request and response.
pub type Body = UnsyncBoxBody<Bytes, tower::BoxError>;

/// Implemented by whoever knows the nodes. The request's URI is a path of the kubelet's own API, e.g.
/// `/containerLogs/{namespace}/{pod}/{container}?follow=true`.
pub trait NodeConnector: Send + Sync + 'static {
    /// # Errors
    /// A sentence that says why `node` cannot be reached.
    fn call(&self, node: &str, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, String>>;
}

/// A cluster without nodes in reach.
pub struct NoNodes;

impl NodeConnector for NoNodes {
    fn call(&self, node: &str, _: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, String>> {
        let refused = format!("no connection to node `{node}`");
        async { Err(refused) }.boxed()
    }
}
