//! A LIST of 10,000 pods beside hyper sending the same bytes over the same TLS.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::json;

use super::{
    api::Client,
    process::Process,
    table::{Row, milliseconds, quantile},
};

const PODS: usize = 10_000;
const ROUNDS: usize = 9;

pub(crate) async fn list() -> Vec<Row> {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(directory.path());
    let client = Client::of(&process.kubeconfig());
    client.namespace("bench").await;
    let path = "/api/v1/namespaces/bench/pods";
    let pods = (0..PODS).map(|number| {
        // nobody's business: no scheduler has this name
        let spec = json!({"schedulerName": "bench-none", "containers": [{"name": "main", "image": "bench/none:v1"}]});
        json!({"metadata": {"name": format!("pod-{number}"), "labels": {"app": "bench"}}, "spec": spec})
    });
    client.post_all(path, 32, pods.collect()).await;
    let mut ours = client.connect().await;
    let bytes = ours.get(path).await;
    let mut plain = client.at(yardstick(&process.pki(), bytes.clone())).connect().await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        assert_eq!(plain.drain("/").await, bytes.len());
        let bare = began.elapsed();
        let began = Instant::now();
        assert_eq!(ours.drain(path).await, bytes.len());
        rounds.push((bare.as_secs_f64() / began.elapsed().as_secs_f64(), began.elapsed(), bare));
    }
    let (ratio, took, bare): (f64, Duration, Duration) = quantile(&mut rounds, 0.5);
    vec![Row {
        what: "LIST of 10,000 pods",
        measured: milliseconds(took),
        budget: ">= 0.7 x hyper over TLS".to_owned(),
        yardstick: format!("{} for {} MB, ratio {ratio:.2}", milliseconds(bare), bytes.len() / 1_000_000),
        share: 0.7 / ratio,
    }]
}

/// A server on a thread of its own that answers everything with these bytes. Ends with the bench.
fn yardstick(pki: &Path, bytes: Bytes) -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(pki.join("server.crt")).expect("the server's certificate");
    let key = PrivateKeyDer::from_pem_file(pki.join("server.key")).expect("the server's key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("TLS 1.3").with_no_client_auth().with_single_cert(vec![certificate], key);
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.expect("a key that fits")));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let (socket, _) = listener.accept().await.expect("our client");
            socket.set_nodelay(true).expect("a socket");
            let stream = acceptor.accept(socket).await.expect("TLS");
            let answer = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::new(bytes.clone()))) });
            // ends when the client leaves
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
        });
    });
    address
}
