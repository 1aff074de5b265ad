//! The node's own HTTP: logs of containers, images, health. The paths are the kubelet's where it has them.

use std::{convert::Infallible, sync::Arc};

use bytes::{Bytes, BytesMut};
use engine::Body;
use futures::TryStreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{host::Host, log_request};
use crate::logs;

/// The largest module that can be loaded.
const LARGEST_IMAGE: usize = 512 << 20;

/// What refuses a request: a code and a sentence.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

/// Answers one request, whoever passed it on has authorized it.
pub(crate) async fn call(host: &Arc<Host>, request: Request<Body>) -> Response<Body> {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let answer = match (request.method(), parts.as_slice()) {
        (&Method::GET, ["healthz"]) => Ok(text(StatusCode::OK, "ok")),
        (&Method::GET, ["containerLogs", namespace, pod, container]) => {
            logs(host, &api::Key::new(namespace, pod), container, request.uri().query().unwrap_or_default())
        }
        (&Method::GET, ["images"]) => Ok(images(host)),
        (&Method::PUT, ["images", name @ ..]) if !name.is_empty() => load(host, &name.join("/"), request).await,
        (_, ["healthz" | "containerLogs" | "images", ..]) => {
            Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed".to_owned()))
        }
        _ => Err(Refusal(StatusCode::NOT_FOUND, "404 page not found".to_owned())),
    };
    answer.unwrap_or_else(|Refusal(code, message)| text(code, &message))
}

fn logs(host: &Arc<Host>, key: &api::Key, container: &str, query: &str) -> Result<Response<Body>, Refusal> {
    let wanted = log_request::parse(query, jiff::Timestamp::now())?;
    let absent = || Refusal(StatusCode::NOT_FOUND, format!("pod {:?} does not exist", key.name));
    let item = host.pods.get(key).filter(|item| *item.node == *host.name).ok_or_else(absent)?;
    let pod = item.decode().map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let run = log_request::run(&pod, container, wanted.previous)?;
    let path = host.log_path(&pod, container, run);
    let follow = if wanted.follow { host.logs.progress(&path) } else { None };
    let stream = logs::read(path, follow, wanted.options)
        .map_ok(Frame::data)
        .map_err(|error| -> engine::BoxError { Box::new(error) });
    let mut response = Response::new(StreamBody::new(stream).boxed_unsync());
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
    Ok(response)
}

fn images(host: &Host) -> Response<Body> {
    let all: Vec<_> = host.images.list().into_iter().map(|(name, image)| json!({ "name": name, "image": image })).collect();
    text(StatusCode::OK, &serde_json::Value::from(all).to_string())
}

async fn load(host: &Host, name: &str, request: Request<Body>) -> Result<Response<Body>, Refusal> {
    let bad = |error: &dyn std::fmt::Display| Refusal(StatusCode::BAD_REQUEST, error.to_string());
    let mut body = request.into_body();
    let mut wasm = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(|error| bad(&error))?.into_data().unwrap_or_default();
        if wasm.len() + data.len() > LARGEST_IMAGE {
            let message = format!("a module may not be larger than {LARGEST_IMAGE} bytes");
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        wasm.extend_from_slice(&data);
    }
    let image = host.images.load(name, wasm.freeze()).await.map_err(|error| match error {
        crate::image::Error::File { .. } => Refusal(StatusCode::INTERNAL_SERVER_ERROR, client::error::chain(&error)),
        other => bad(&other),
    })?;
    Ok(text(StatusCode::CREATED, &json!(image).to_string()))
}

fn text(code: StatusCode, message: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(message.to_owned())).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response
}
