//! `grpc.health.v1.Health/Check`, by hand: one call of two fields is no reason for a gRPC stack.

use std::{net::SocketAddr, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_openapi::{api::core::v1::GRPCAction, apimachinery::pkg::util::intstr::IntOrString};

use super::{Outcome, Target, address};

const PATH: &str = "/grpc.health.v1.Health/Check";
/// A health response has a few bytes.
const LONGEST: usize = 4096;
/// `grpc-status` of a method nobody has.
const UNIMPLEMENTED: u32 = 12;
/// Flag and length before a message.
const PREFIX: usize = 5;

/// What the server said; its status codes by number.
enum Answer {
    Health(u64),
    Status(u32, String),
}

pub(super) async fn grpc(target: &Target, action: &GRPCAction, timeout: Duration) -> Outcome {
    let to = match address(target, None, &IntOrString::Int(action.port)) {
        Ok(to) => to,
        Err(error) => return Outcome::Error(error),
    };
    let shown = go(timeout);
    let connect = tokio::time::timeout(timeout, target.fabric.connect(target.from, to)).await;
    let stream = match connect {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) => return Outcome::Failure(format!("error: failed to connect service at \"{to}\"")),
        Err(_) => return Outcome::Failure(format!("timeout: failed to connect service \"{to}\" within {shown}")),
    };
    let service = action.service.as_deref().unwrap_or_default();
    match tokio::time::timeout(timeout, check(stream, to, service)).await {
        Ok(Ok(Answer::Health(1))) => Outcome::Success,
        Ok(Ok(Answer::Health(status))) => {
            Outcome::Failure(format!("service unhealthy (responded with \"{}\")", name(status)))
        }
        Ok(Ok(Answer::Status(UNIMPLEMENTED, message))) => Outcome::Failure(format!(
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {message}"
        )),
        Ok(Ok(Answer::Status(code, message))) => Outcome::Failure(format!(
            "error: health rpc probe failed: rpc error: code = {} desc = {message}",
            code_name(code)
        )),
        Ok(Err(error)) => {
            Outcome::Failure(format!("error: health rpc probe failed: rpc error: code = Unavailable desc = {error}"))
        }
        Err(_) => Outcome::Failure(format!("timeout: health rpc did not complete within {shown}")),
    }
}

async fn check(stream: Box<dyn engine::Stream>, to: SocketAddr, service: &str) -> Result<Answer, String> {
    let failed = |error: hyper::Error| client::error::chain(&error);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(failed)?;
    let request = Request::post(format!("http://{to}{PATH}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "kube-probe/1.35")
        .body(Full::new(message(service)))
        .map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            let message = format!("unexpected HTTP status code received from server: {}", head.status);
            return Ok(Answer::Status(2, message));
        }
        let body = Limited::new(body, LONGEST).collect().await.map_err(|error| error.to_string())?;
        // a refusal has no body, and its status among the headers
        let status = body.trailers().and_then(status).or_else(|| status(&head.headers));
        match status {
            Some((0, _)) => health(&body.to_bytes()).map(Answer::Health),
            Some((code, message)) => Ok(Answer::Status(code, message)),
            None => Ok(Answer::Status(13, "server closed the stream without sending trailers".to_owned())),
        }
    };
    let (answer, connection) = (std::pin::pin!(answer), std::pin::pin!(connection));
    match futures::future::select(answer, connection).await {
        futures::future::Either::Left((answer, _)) => answer,
        futures::future::Either::Right((_, answer)) => answer.await,
    }
}

/// A `HealthCheckRequest`: field 1 is the service.
fn message(service: &str) -> Bytes {
    let mut proto = BytesMut::new();
    if !service.is_empty() {
        proto.put_u8(0x0a);
        varint(&mut proto, service.len());
        proto.put_slice(service.as_bytes());
    }
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(proto.len()).unwrap_or(u32::MAX));
    out.put_slice(&proto);
    out.freeze()
}

fn varint(out: &mut BytesMut, mut value: usize) {
    while value >= 0x80 {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// The status of a `HealthCheckResponse`: field 1, a number; 0 if it is not there.
fn health(body: &[u8]) -> Result<u64, String> {
    let broken = || "the answer is no HealthCheckResponse".to_owned();
    let message = body.get(PREFIX..).filter(|_| body[0] == 0).ok_or_else(broken)?;
    match message {
        [] => Ok(0),
        [0x08, rest @ ..] => {
            let mut value = 0u64;
            for (i, byte) in rest.iter().take(9).enumerate() {
                value |= u64::from(byte & 0x7f) << (7 * i);
                if byte & 0x80 == 0 {
                    return Ok(value);
                }
            }
            Err(broken())
        }
        _ => Err(broken()),
    }
}

fn status(headers: &HeaderMap) -> Option<(u32, String)> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    let message = headers.get("grpc-message").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Some((code, percent_encoding::percent_decode_str(message).decode_utf8_lossy().into_owned()))
}

fn name(status: u64) -> String {
    match status {
        0 => "UNKNOWN".to_owned(),
        2 => "NOT_SERVING".to_owned(),
        3 => "SERVICE_UNKNOWN".to_owned(),
        other => other.to_string(),
    }
}

fn code_name(code: u32) -> String {
    const NAMES: [&str; 17] = [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    ];
    usize::try_from(code)
        .ok()
        .and_then(|at| NAMES.get(at))
        .map_or_else(|| format!("Code({code})"), |name| (*name).to_owned())
}

/// Whole seconds as Go prints them.
fn go(timeout: Duration) -> String {
    super::super::backoff::go_seconds(jiff::SignedDuration::try_from(timeout).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_protobuf() {
        assert_eq!(&message("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&message("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = message(&"x".repeat(200));
        assert_eq!((&long[..8], long.len()), (&[0, 0, 0, 0, 203, 0x0a, 0xc8, 1][..], 208));
        for (body, expected) in [
            (&[0, 0, 0, 0, 0][..], Ok(0)),
            (&[0, 0, 0, 0, 2, 8, 1], Ok(1)),
            (&[0, 0, 0, 0, 3, 8, 0x80, 1], Ok(128)),
            (&[0, 0, 0, 0, 2, 8, 0x80], Err(())),
            (&[1, 0, 0, 0, 0], Err(())),
            (&[], Err(())),
        ] {
            assert_eq!(health(body).map_err(drop), expected, "{body:?}");
        }
    }
}
