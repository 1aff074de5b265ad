//! What only the node can answer: logs, shells, forwarded ports. The request goes on to the kubelet's own API.

use std::sync::Arc;

use api::Status;
use axum::body::Body;
use http::{
    HeaderMap, HeaderName, Request, Response, Uri,
    header::{AUTHORIZATION, HOST},
};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::app::{App, Call, Row};

pub(super) async fn serve(app: &Arc<App>, call: &mut Call, row: Row, body: Body) -> Result<Response<Body>, Status> {
    let key = row.key(&call.info);
    let object = app.store.get(row.kind, &key).ok_or_else(|| Status::not_found(row.kind, &key.name))?.value();
    // A node is its own host.
    let node = match (row.kind.namespaced, object["spec"]["nodeName"].as_str()) {
        (false, _) => key.name.to_string(),
        (true, Some(node)) if !node.is_empty() => node.to_owned(),
        (true, _) => return Err(Status::bad_request(format!("pod {} does not have a host assigned", key.name))),
    };
    let path = kubelet_path(call, row, &object)?;
    let query = call.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Uri = format!("{path}{query}").parse().map_err(|_| Status::bad_request("invalid path"))?;
    let mut request = Request::new(body.map_err(Into::into).boxed_unsync());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = forwarded(&call.headers);
    // An upgrade travels as an extension.
    *request.extensions_mut() = std::mem::take(&mut call.extensions);
    let answer = app.config.nodes.call(&node, request).await;
    answer.map(|response| response.map(Body::new)).map_err(Status::internal)
}

/// The caller's own credentials are for this server only.
fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let ours = |name: &HeaderName| *name == AUTHORIZATION || *name == HOST;
    headers.iter().filter(|(name, _)| !ours(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn kubelet_path(call: &Call, row: Row, object: &Value) -> Result<String, Status> {
    let info = &call.info;
    if !row.kind.namespaced {
        return Ok(format!("/{}", info.rest));
    }
    let (namespace, name) = (&info.namespace, &info.name);
    let of_container = |what: &str| Ok(format!("/{what}/{namespace}/{name}/{}", container(call, object)?));
    match info.subresource.as_str() {
        "log" => of_container("containerLogs"),
        "exec" => of_container("exec"),
        "attach" => of_container("attach"),
        "portforward" => Ok(format!("/portForward/{namespace}/{name}")),
        other => Ok(format!("/{other}/{namespace}/{name}/{}", info.rest)),
    }
}

/// The container that is meant: the one that was named, or the only one.
fn container(call: &Call, pod: &Value) -> Result<String, Status> {
    let names = |group: &str| -> Vec<String> {
        let list = pod["spec"][group].as_array().into_iter().flatten();
        list.filter_map(|container| container["name"].as_str().map(str::to_owned)).collect()
    };
    let (main, name) = (names("containers"), &call.info.name);
    let wanted = call.query.get("container");
    if wanted.is_empty() {
        return match main.as_slice() {
            [only] => Ok(only.clone()),
            many => {
                let choose = many.join(" ");
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{choose}]"
                )))
            }
        };
    }
    let known = [main, names("initContainers"), names("ephemeralContainers")].concat();
    if known.iter().any(|known| known == wanted) {
        Ok(wanted.to_owned())
    } else {
        Err(Status::bad_request(format!("container {wanted} is not valid for pod {name}")))
    }
}
