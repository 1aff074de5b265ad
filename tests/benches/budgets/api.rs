//! A client that costs little: HTTP/1.1 over TLS, as the kubeconfig says, with no types.

use std::{collections::HashMap, net::SocketAddr, path::Path, sync::Arc};

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where a server is, and who we are there.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    tls: Arc<rustls::ClientConfig>,
}

/// One connection: one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

/// A watch that is being read, line by line.
pub(crate) struct Watch {
    body: Incoming,
    rest: BytesMut,
    _connection: Connection,
}

impl Client {
    pub(crate) fn of(kubeconfig: &Path) -> Self {
        let text = std::fs::read_to_string(kubeconfig).expect("a kubeconfig");
        let config: Value = serde_yaml::from_str(&text).expect("YAML");
        let (cluster, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
        let pem = |value: &Value| {
            let text = value.as_str().expect("inline data");
            base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
        };
        let mut roots = rustls::RootCertStore::empty();
        let authority = pem(&cluster["certificate-authority-data"]);
        roots.add(CertificateDer::from_pem_slice(&authority).expect("a certificate")).expect("a CA");
        let certificate = CertificateDer::from_pem_slice(&pem(&user["client-certificate-data"])).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(&pem(&user["client-key-data"])).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.expect("TLS 1.3").with_root_certificates(roots).with_client_auth_cert(vec![certificate], key);
        let server = cluster["server"].as_str().and_then(|url| url.strip_prefix("https://")).expect("a URL");
        Self { address: server.parse().expect("an address"), tls: Arc::new(tls.expect("a key that fits")) }
    }

    /// The same, elsewhere.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { address, tls: Arc::clone(&self.tls) }
    }

    pub(crate) async fn connect(&self) -> Connection {
        let socket = TcpStream::connect(self.address).await.expect("the server accepts");
        socket.set_nodelay(true).expect("a socket");
        // the certificate names the cluster's address, wherever the yardstick listens
        let name = ServerName::try_from("kubernetes.default").expect("a name");
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, socket).await.expect("TLS");
        Connection::over(TokioIo::new(stream), self.address).await
    }

    pub(crate) async fn connections(&self, count: usize) -> Vec<Connection> {
        futures::future::join_all((0..count).map(|_| self.connect())).await
    }

    /// Posts all of them through `count` connections.
    pub(crate) async fn post_all(&self, path: &str, count: usize, bodies: Vec<Value>) {
        let mut connections = self.connections(count).await;
        post_over(&mut connections, path, bodies.iter().map(|body| body.to_string().into()).collect()).await;
    }

    pub(crate) async fn namespace(&self, name: &str) {
        self.post_all("/api/v1/namespaces", 1, vec![serde_json::json!({"metadata": {"name": name}})]).await;
        // its service account comes by a controller, and pods need it
        let mut watch = self.watch(&format!("/api/v1/namespaces/{name}/serviceaccounts?watch=1")).await;
        watch.next().await;
    }

    pub(crate) async fn watch(&self, path: &str) -> Watch {
        let mut connection = self.connect().await;
        let response = connection.request(Method::GET, path, Bytes::new()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        Watch { body: response.into_body(), rest: BytesMut::new(), _connection: connection }
    }
}

impl Connection {
    pub(crate) async fn over<S>(stream: S, host: SocketAddr) -> Self
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (sender, connection) = hyper::client::conn::http1::handshake(stream).await.expect("HTTP");
        // ends with its sender, or when the server is gone
        tokio::spawn(async move { drop(connection.await) });
        Self { sender, host: host.to_string() }
    }

    async fn request(&mut self, method: Method, path: &str, body: Bytes) -> http::Response<Incoming> {
        let request = Request::builder().method(method).uri(path).header("host", &self.host);
        let request = request.header("content-type", "application/json").body(Full::new(body)).expect("a request");
        self.sender.ready().await.expect("the connection lives");
        self.sender.send_request(request).await.expect("an answer")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Bytes {
        let response = self.request(Method::GET, path, Bytes::new()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body().collect().await.expect("a whole body").to_bytes()
    }

    /// Reads a body without keeping it; how long it was.
    pub(crate) async fn drain(&mut self, path: &str) -> usize {
        let mut body = self.request(Method::GET, path, Bytes::new()).await.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.expect("a whole body").data_ref().map_or(0, Bytes::len);
        }
        length
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Value {
        let response = self.request(method, path, body).await;
        let status = response.status();
        let answer = response.into_body().collect().await.expect("a whole body").to_bytes();
        assert!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).expect("JSON")
    }

    async fn post(&mut self, path: &str, body: Bytes) {
        let response = self.request(Method::POST, path, body).await;
        let status = response.status();
        let answer = response.into_body().collect().await.expect("a whole body").to_bytes();
        assert!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&answer));
    }
}

/// Posts the bodies, each connection taking the next one when it is free.
pub(crate) async fn post_over(connections: &mut [Connection], path: &str, bodies: Vec<Bytes>) {
    let next = std::cell::RefCell::new(bodies.into_iter());
    let each = connections.iter_mut().map(|connection| async {
        loop {
            let Some(body) = next.borrow_mut().next() else { break };
            connection.post(path, body).await;
        }
    });
    futures::future::join_all(each).await;
}

impl Watch {
    /// The next event's line.
    pub(crate) async fn next(&mut self) -> Bytes {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                return self.rest.split_to(end + 1).freeze();
            }
            let frame = self.body.frame().await.expect("the watch goes on").expect("it can be read");
            self.rest.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        }
    }

    /// Reads until `count` different objects satisfy the test.
    pub(crate) async fn until(
        &mut self,
        count: usize,
        test: impl Fn(&Value) -> bool,
    ) -> HashMap<String, std::time::Instant> {
        let mut seen = HashMap::new();
        while seen.len() < count {
            let line = self.next().await;
            let now = std::time::Instant::now();
            let event: Value = serde_json::from_slice(&line).expect("JSON");
            if test(&event["object"]) {
                let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                seen.entry(name).or_insert(now);
            }
        }
        seen
    }
}
