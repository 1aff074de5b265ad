//! What only the node can answer: logs, shells, forwarded ports. The request goes on to the kubelet's own API.

use std::sync::Arc;

use api::Status;
use axum::body::Body;
use http::{
    HeaderMap, HeaderName, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, HOST},
};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::app::{App, Call, Row};

/// What is longer is no sentence.
const LONGEST_REFUSAL: usize = 64 << 10;

pub(super) async fn serve(app: &Arc<App>, call: &mut Call, row: Row, body: Body) -> Result<Response<Body>, Status> {
    let key = row.key(&call.info);
    let object = app.store.get(row.kind, &key).ok_or_else(|| Status::not_found(row.kind, &key.name))?.value();
    // A node is its own host.
    let node = match (row.kind.namespaced, object["spec"]["nodeName"].as_str()) {
        (false, _) => key.name.to_string(),
        (true, Some(node)) if !node.is_empty() => node.to_owned(),
        // as upstream: nothing was said so far
        (true, _) if call.info.subresource == "log" => return Ok(Response::new(Body::empty())),
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
    let answer = answer.map_err(Status::internal)?.map(Body::new);
    match (call.info.subresource.as_str(), answer.status()) {
        ("log", code) if !code.is_success() => Err(refusal(answer).await),
        _ => Ok(answer),
    }
}

/// The kubelet refuses in plain words; clients read a Status.
async fn refusal(answer: Response<Body>) -> Status {
    let code = answer.status();
    let words = match axum::body::to_bytes(answer.into_body(), LONGEST_REFUSAL).await {
        Ok(words) => String::from_utf8_lossy(&words).into_owned(),
        Err(error) => return Status::internal(error),
    };
    match code {
        StatusCode::BAD_REQUEST => Status::bad_request(words),
        StatusCode::NOT_FOUND => Status::failure(404, "NotFound", words),
        _ => Status::internal(words),
    }
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
                let init = match names("initContainers").join(" ") {
                    none if none.is_empty() => String::new(),
                    init => format!(" or one of the init containers: [{init}]"),
                };
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{choose}]{init}"
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
