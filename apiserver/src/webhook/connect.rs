//! Sockets and TLS below the calls: a Service's name leads into the pods' network, any other out of the machine.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use api::{Key, kinds};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{FutureExt, future::BoxFuture};
use http::Uri;
use hyper::rt::ReadBufCursor;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use store::Store;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::Service;

use crate::{NetworkConnector, network::NetworkStream};

/// Makes connections for a pool.
#[derive(Clone)]
pub(super) struct Connector {
    store: Store,
    network: Arc<dyn NetworkConnector>,
    tls: TlsConnector,
}

/// A connection with TLS on it.
pub(super) struct Stream(TokioIo<TlsStream<Box<dyn NetworkStream>>>);

impl Connector {
    /// `authorities` is base64 of PEM.
    pub(super) fn new(store: Store, network: Arc<dyn NetworkConnector>, authorities: &str) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        if authorities.is_empty() {
            for certificate in rustls_native_certs::load_native_certs().certs {
                // One that is broken is one that nobody is trusted by.
                let _ = roots.add(certificate);
            }
        } else {
            let pem = STANDARD.decode(authorities).map_err(|error| format!("caBundle is not base64: {error}"))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| format!("unable to load root certificates: {error}"))?;
                roots.add(certificate).map_err(|error| format!("unable to load root certificates: {error}"))?;
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { store, network, tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn open(self, uri: Uri) -> Result<Stream, String> {
        let host = uri.host().ok_or("the URL names no host")?;
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream = match service(&name) {
            Some(key) => {
                let address = resolve(&self.store, &key, uri.port_u16().unwrap_or(443))?;
                self.network.connect(address).await?
            }
            None => outside(&name, uri.port_u16().unwrap_or(443)).await?,
        };
        let server = ServerName::try_from(name.clone()).map_err(|_| format!("{name:?} is no name of a server"))?;
        let stream = self.tls.connect(server, stream).await.map_err(|error| unproven(&error))?;
        Ok(Stream(TokioIo::new(stream)))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<Stream, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.clone().open(uri).map(|opened| opened.map_err(io::Error::other)).boxed()
    }
}

/// The Service that `name.namespace.svc` is.
fn service(host: &str) -> Option<Key> {
    let (name, rest) = host.split_once('.')?;
    let namespace = rest.strip_suffix(".svc")?;
    (!namespace.contains('.')).then(|| Key::new(namespace, name))
}

/// The virtual address of a Service; its words are those of upstream's service resolver.
fn resolve(store: &Store, key: &Key, port: u16) -> Result<SocketAddr, String> {
    let Some(object) = store.get(&kinds::SERVICE, key) else { return Err(format!("service {:?} not found", &*key.name)) };
    let service = object.value();
    let has = |known: &serde_json::Value| known["port"].as_u64() == Some(port.into());
    if !service["spec"]["ports"].as_array().into_iter().flatten().any(has) {
        return Err(format!("no service port {port} found for service {:?}", &*key.name));
    }
    match service["spec"]["clusterIP"].as_str().map(str::parse) {
        Some(Ok(ip)) => Ok(SocketAddr::new(ip, port)),
        _ => Err(format!("cannot route to service {:?}: it has no cluster IP", &*key.name)),
    }
}

async fn outside(host: &str, port: u16) -> Result<Box<dyn NetworkStream>, String> {
    let socket = TcpStream::connect((host, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("dial tcp {host}:{port}: connect: connection refused"),
        _ => format!("dial tcp {host}:{port}: {error}"),
    })?;
    socket.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(Box::new(socket))
}

/// Why a certificate does not prove anything, in Go's words where clients look for them.
fn unproven(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => {
            "tls: failed to verify certificate: x509: certificate signed by unknown authority".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(why)) => format!("tls: failed to verify certificate: x509: {why}"),
        _ => format!("tls: {error}"),
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
