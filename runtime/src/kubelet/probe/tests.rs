//! Probes against servers on the fabric.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::StreamBody;
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio_rustls::{TlsAcceptor, rustls};

use super::*;

const POD: [u8; 4] = [10, 128, 0, 2];

fn target(fabric: &Fabric) -> Target {
    Target { fabric: fabric.clone(), from: [127, 0, 0, 1].into(), pod: POD.into(), sandbox: None }
}

type Frames = StreamBody<futures::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

fn answer(request: &Request<Incoming>) -> Response<Frames> {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let (code, location, data, trailers) = match path {
        "/ok" | "/deep/ok" => (200, None, Bytes::new(), None),
        "/local" => (302, Some("/ok"), Bytes::new(), None),
        "/relative" => (302, Some("deep/ok"), Bytes::new(), None),
        "/whole" => (302, Some("http://10.128.0.2:80/ok"), Bytes::new(), None),
        "/away" => (302, Some("http://0.0.0.0/"), Bytes::from_static(b"away"), None),
        "/loop" => (302, Some("/loop"), Bytes::new(), None),
        "/header" if request.headers().get("x").is_some_and(|x| x == "1") => (200, None, Bytes::new(), None),
        "/grpc.health.v1.Health/Check" => (200, None, Bytes::from_static(&[0, 0, 0, 0, 2, 8, 1]), Some("0")),
        _ => (500, None, Bytes::new(), None),
    };
    let mut frames = vec![Ok(Frame::data(data))];
    if let Some(status) = trailers {
        frames.push(Ok(Frame::trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), status.parse().unwrap())]))));
    }
    let mut response = Response::builder().status(code);
    if let Some(location) = location {
        response = response.header("location", location);
    }
    response.body(StreamBody::new(futures::stream::iter(frames))).unwrap()
}

/// Serves `answer` at port 80, with TLS at 443, something that is neither at 81; never ends by itself.
async fn serve(fabric: Fabric) {
    let key = rcgen::generate_simple_self_signed(vec!["somebody.else".to_owned()]).unwrap();
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let at = |port: u16| fabric.listen((IpAddr::from(POD), port).into()).unwrap();
    let (mut plain, mut secure, mut mute) = (at(80), at(443), at(81));
    let mut kept = Vec::new();
    loop {
        let stream: Box<dyn engine::Stream> = tokio::select! {
            incoming = plain.accept() => incoming.unwrap().stream,
            incoming = secure.accept() => Box::new(acceptor.accept(incoming.unwrap().stream).await.unwrap()),
            incoming = mute.accept() => {
                kept.push(incoming);
                continue;
            }
        };
        let service = service_fn(async |request| Ok::<_, Infallible>(answer(&request)));
        let served = auto::Builder::new(TokioExecutor::new());
        let connection = served.serve_connection(TokioIo::new(stream), service).await;
        drop(connection);
    }
}

async fn outcome(fabric: &Fabric, spec: Value) -> Outcome {
    let spec: Probe = serde_json::from_value(spec).unwrap();
    tokio::time::timeout(Duration::from_secs(20), probe(&target(fabric), &spec)).await.unwrap()
}

#[tokio::test]
async fn what_probes_make_of_what_they_are_told() {
    let fabric = Fabric::new();
    let failure = |text: &str| Outcome::Failure(text.to_owned());
    let warning = Outcome::Warning("Probe terminated redirects, Response body: away".to_owned());
    let get = |path: &str| json!({ "httpGet": { "port": 80, "path": path } });
    let cases = [
        (get("/ok"), Outcome::Success),
        (get("ok"), Outcome::Success),
        (get("/bad"), failure("HTTP probe failed with statuscode: 500")),
        (get("/local"), Outcome::Success),
        (get("/relative"), Outcome::Success),
        (get("/whole"), Outcome::Success),
        (get("/away"), warning),
        (get("/loop"), failure("Get \"http://10.128.0.2:80/loop\": stopped after 10 redirects")),
        (get("/header"), failure("HTTP probe failed with statuscode: 500")),
        (
            json!({ "httpGet": { "port": 80, "path": "/header", "httpHeaders": [{ "name": "X", "value": "1" }] } }),
            Outcome::Success,
        ),
        (json!({ "httpGet": { "port": 443, "path": "/ok", "scheme": "HTTPS" } }), Outcome::Success),
        (
            json!({ "httpGet": { "port": 80, "path": "/ok", "scheme": "HTTPS" } }),
            failure("Get \"https://10.128.0.2:80/ok\": http: server gave HTTP response to HTTPS client"),
        ),
        (
            json!({ "httpGet": { "port": 9, "path": "/" } }),
            failure("Get \"http://10.128.0.2:9/\": dial tcp 10.128.0.2:9: connect: connection refused"),
        ),
        (json!({ "tcpSocket": { "port": 80 } }), Outcome::Success),
        (json!({ "tcpSocket": { "port": 9 } }), failure("dial tcp 10.128.0.2:9: connect: connection refused")),
        (json!({ "grpc": { "port": 80, "service": "s" } }), Outcome::Success),
        (json!({ "grpc": { "port": 9 } }), failure("error: failed to connect service at \"10.128.0.2:9\"")),
        (json!({ "grpc": { "port": 81 } }), failure("timeout: health rpc did not complete within 1s")),
        (json!({ "exec": { "command": ["x"] } }), Outcome::Error("container not running".to_owned())),
    ];
    let probes = async {
        for (spec, expected) in cases {
            assert_eq!(outcome(&fabric, spec.clone()).await, expected, "{spec}");
        }
    };
    tokio::select! {
        // the first poll of the servers listens: nobody asks before
        biased;
        () = serve(fabric.clone()) => unreachable!("it serves until it is dropped"),
        () = probes => {}
    }
}

#[test]
fn ports_have_numbers_or_names() {
    let container: Container =
        serde_json::from_value(json!({ "name": "c", "ports": [{ "name": "web", "containerPort": 3000 }] })).unwrap();
    let named = |name: &str| resolved_port(&container, &IntOrString::String(name.into()));
    assert_eq!(named("web"), IntOrString::Int(3000));
    assert_eq!(named("8080"), IntOrString::Int(8080));
    assert_eq!(named("other"), IntOrString::String("other".into()));
}

#[test]
fn a_port_that_is_none_is_said() {
    let target = Target { fabric: Fabric::new(), from: [127, 0, 0, 1].into(), pod: [10, 0, 0, 2].into(), sandbox: None };
    let at = |port| address(&target, None, &port);
    assert_eq!(at(IntOrString::Int(80)), Ok(SocketAddr::from(([10, 0, 0, 2], 80))));
    assert!(at(IntOrString::Int(0)).unwrap_err().starts_with("invalid port number"));
    assert_eq!(at(IntOrString::String("x".into())), Err("couldn't find port \"x\"".into()));
}
