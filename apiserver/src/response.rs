//! Answers: documents and refusals, and what the store's errors mean to a client.

use api::{
    Kind, Status,
    status::{Cause, Details},
};
use axum::body::Body;
use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::Value;

use crate::negotiation::Encoding;

pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

pub(crate) fn bytes(code: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn json(code: StatusCode, body: impl Into<Body>) -> Response<Body> {
    bytes(code, "application/json", body)
}

pub(crate) fn text(code: StatusCode, body: impl Into<Body>) -> Response<Body> {
    bytes(code, "text/plain; charset=utf-8", body)
}

/// The keys that tokens are verified with, as RFC 7517 calls them.
pub(crate) fn key_set(keys: &Value) -> Response<Body> {
    bytes(StatusCode::OK, "application/jwk-set+json", keys.to_string())
}

/// `value` in the encoding that was asked for.
pub(crate) fn document(code: StatusCode, value: &Value, encoding: Encoding, pretty: bool) -> Response<Body> {
    match encoding {
        Encoding::Json if pretty => json(code, serde_json::to_vec_pretty(value).expect("a Value is JSON")),
        Encoding::Json => json(code, serde_json::to_vec(value).expect("a Value is JSON")),
        // What has no protobuf says by its content type that it is JSON.
        Encoding::Protobuf => match api::protobuf::encode_object(value) {
            Some(body) => bytes(code, PROTOBUF, body),
            None => document(code, value, Encoding::Json, pretty),
        },
        Encoding::Yaml => bytes(code, "application/yaml", serde_yaml::to_string(value).expect("JSON is YAML")),
    }
}

/// The JSON of a committed object or anything else that is encoded already.
pub(crate) fn encoded(code: StatusCode, body: &Bytes, encoding: Encoding, pretty: bool) -> Response<Body> {
    if encoding == Encoding::Json && !pretty {
        return json(code, body.clone());
    }
    let value: Value = serde_json::from_slice(body).expect("what the server encoded is JSON");
    document(code, &value, encoding, pretty)
}

pub(crate) fn refusal(status: &Status) -> Response<Body> {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = document(code, &status.to_json(), Encoding::Json, false);
    if let Some(seconds) = status.details.as_ref().and_then(|details| details.retry_after_seconds) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// In plain words, as upstream says it: a client reads the code and the header.
pub(crate) fn too_many_requests() -> Response<Body> {
    let mut response = text(StatusCode::TOO_MANY_REQUESTS, "Too many requests, please try again later.\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

pub(crate) fn no_such_path() -> Status {
    let mut status = Status::failure(404, "NotFound", "the server could not find the requested resource");
    status.details = Some(Box::default());
    status
}

pub(crate) fn no_such_method() -> Status {
    let message = "the server does not allow this method on the requested resource";
    let mut status = Status::failure(405, "MethodNotAllowed", message);
    status.details = Some(Box::default());
    status
}

pub(crate) fn unsupported_body(accepted: &str) -> Status {
    let message = format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
    Status::failure(415, "UnsupportedMediaType", message)
}

/// The one translation of what the store says.
pub(crate) fn refused(kind: &Kind, name: &str, error: &store::Error) -> Status {
    use store::Error as E;
    match error {
        E::NotFound { .. } => Status::not_found(kind, name),
        E::AlreadyExists { .. } => Status::already_exists(kind, name),
        E::Conflict { .. } => Status::modified(kind, name),
        E::UidMismatch { current, .. } => {
            Status::conflict(kind, name, &format!("Precondition failed: UID in object meta: {current}"))
        }
        E::Claimed { claim, resource, by } => {
            Status::conflict(kind, name, &format!("{claim} is already held by {resource} {by}"))
        }
        E::Compacted { .. } => Status::expired("The resourceVersion for the provided list is too old."),
        E::Future { current } => too_large(None, current.0),
        E::Closed => {
            let mut status = Status::failure(503, "ServiceUnavailable", "the server is shutting down");
            status.details = Some(Box::new(Details { retry_after_seconds: Some(1), ..Details::default() }));
            status
        }
        other => {
            // The client learns that it failed, the operator why.
            tracing::error!(error = %other, source = ?std::error::Error::source(other), resource = kind.resource(), name, "the store failed");
            Status::internal(other)
        }
    }
}

/// The answer to a revision that the store has not reached.
pub(crate) fn too_large(wanted: Option<u64>, current: u64) -> Status {
    let wanted = wanted.map_or_else(String::new, |wanted| format!(": {wanted}, current: {current}"));
    let mut status = Status::failure(504, "Timeout", format!("Timeout: Too large resource version{wanted}"));
    let cause = Cause {
        reason: "ResourceVersionTooLarge".into(),
        message: "Too large resource version".into(),
        field: String::new(),
    };
    status.details = Some(Box::new(Details { causes: vec![cause], retry_after_seconds: Some(1), ..Details::default() }));
    status
}
