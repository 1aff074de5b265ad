//! The server as a value: started, asked, stopped.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};

use api::{Feed, Identity, kinds};
use axum::Router;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use store::{Options, Store};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    Authority, Config, Error, LocalService, admission,
    app::{self, App},
    authentication::service_account::Tokens,
    authorization::rbac::Rbac,
    bootstrap,
    custom::{self, registry},
    feed::StoreFeed,
    flow::Flow,
    metrics::Metrics,
    openapi::OpenApi,
    tls::{
        connections::Connections,
        pki::{self, Pki},
    },
    webhook::WebhookClient,
};

/// A running API server. Dropping it ends nothing in order: call [`Server::stop`].
pub struct Server {
    app: Arc<App>,
    router: Router,
    connections: Connections,
    /// Write the Service `kubernetes` again when it is deleted, and serve what definitions describe.
    keepers: Vec<JoinHandle<()>>,
    address: SocketAddr,
    pki: Pki,
}

impl Server {
    /// Makes what is missing in `config.data_dir`, writes the objects that every cluster has, and listens. The server is
    /// ready when this returns.
    ///
    /// # Errors
    /// When the address is taken, or the directory is unusable or in use by another process.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let listen = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        // Side by side: the first random number of a process costs the cryptography tens of milliseconds, the file as many.
        let (secrets, store) = tokio::join!(Secrets::open(&config), open_store(&config));
        let (Secrets { pki, tls, tokens, admin_token }, store) = (secrets?, store?);
        let stop = CancellationToken::new();
        let webhooks = WebhookClient::new(store.clone(), Arc::clone(&config.network));
        let app = Arc::new(App {
            config,
            webhooks,
            store,
            admission: admission::State::default(),
            rbac: Rbac::default(),
            tokens,
            admin_token,
            metrics: Metrics::default(),
            openapi: OpenApi::default(),
            kinds: watch::Sender::new(Arc::default()),
            flow: Flow::default(),
            ready: AtomicBool::new(false),
            stop: stop.clone(),
        });
        let router = app::router(app.clone());
        let defined = registry::load(&app).await;
        bootstrap::run(&app, address.port(), router.clone()).await?;
        app.ready.store(true, Ordering::Release);
        let keepers = vec![
            tokio::spawn(bootstrap::keep(app.clone(), address.port(), router.clone())),
            tokio::spawn(registry::follow(app.clone(), defined)),
            tokio::spawn(custom::keep(app.clone(), router.clone())),
        ];
        let connections = Connections::new(tls, router.clone(), stop);
        connections.listen(listener);
        info!(%address, "the API server is ready");
        Ok(Self { app, router, connections, keepers, address, pki })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server for a client in this process, which is trusted to be `identity`.
    pub fn service(&self, identity: Identity) -> LocalService {
        LocalService::new(self.router.clone(), identity)
    }

    /// The store's own events for informers in this process.
    pub fn feed(&self) -> Arc<dyn Feed> {
        Arc::new(StoreFeed::new(self.app.clone()))
    }

    /// Serves TLS on a stream that something else accepted: the pods' network, in which the server has
    /// [`Config::virtual_address`].
    pub fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        self.connections.serve(stream);
    }

    /// PEM of the authority that signed the server's certificate.
    pub fn ca_certificate(&self) -> &str {
        &self.pki.ca.certificate
    }

    /// What signs for the controllers.
    pub fn authority(&self) -> Authority {
        Authority::new(self.pki.ca.clone(), Arc::clone(&self.app))
    }

    /// A kubeconfig whose only user may do everything; context `coracle`.
    pub fn admin_kubeconfig(&self) -> Value {
        let host = if self.address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { host(self.address.ip()) };
        let encode = |pem: &str| STANDARD.encode(pem);
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "coracle", "cluster": {
                "server": format!("https://{host}:{}", self.address.port()),
                "certificate-authority-data": encode(&self.pki.ca.certificate),
            } }],
            "users": [{ "name": "coracle", "user": {
                "client-certificate-data": encode(&self.pki.admin.certificate),
                "client-key-data": encode(&self.pki.admin.key),
            } }],
            "contexts": [{ "name": "coracle", "context": { "cluster": "coracle", "user": "coracle" } }],
            "current-context": "coracle",
            "preferences": {},
        })
    }

    /// Ends watches properly, lets running requests finish for a few seconds, closes the store.
    pub async fn stop(self) {
        self.app.ready.store(false, Ordering::Release);
        self.app.stop.cancel();
        self.connections.ended().await;
        for keeper in self.keepers {
            keeper.await.expect("what the server keeps up does not panic");
        }
        self.app.store.clone().close().await;
    }
}

/// What the server proves itself and knows others by.
struct Secrets {
    pki: Pki,
    tls: TlsAcceptor,
    tokens: Tokens,
    admin_token: String,
}

impl Secrets {
    async fn open(config: &Config) -> Result<Self, Error> {
        let dir = config.data_dir.join("pki");
        let (names, addresses) = server_names(config);
        let unusable = |source| Error::Pki { dir: dir.clone(), source };
        let files = dir.clone();
        let made = tokio::task::spawn_blocking(move || {
            let pki = Pki::open(&files, &names, &addresses)?;
            let tls = TlsAcceptor::from(Arc::new(pki.server_config()?));
            let tokens = Tokens::new(&pki.token_key)?;
            let admin_token = admin_token(&files.join("admin.token"))?;
            Ok(Self { pki, tls, tokens, admin_token })
        });
        made.await.expect("making certificates does not panic").map_err(unusable)
    }
}

async fn open_store(config: &Config) -> Result<Store, Error> {
    let failed = |source| Error::Store { dir: config.data_dir.clone(), source };
    let options = Options { history: config.history, retention: config.retention };
    Store::open(&config.data_dir, kinds::ALL, options).await.map_err(failed)
}

fn host(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

/// What a client may call the server.
fn server_names(config: &Config) -> (Vec<String>, Vec<IpAddr>) {
    let own =
        ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
    let mut names: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
    names.extend(config.names.iter().cloned());
    let mut addresses =
        vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from(config.kubernetes_ip()), IpAddr::from(config.virtual_address)];
    if !config.listen.ip().is_unspecified() && !addresses.contains(&config.listen.ip()) {
        addresses.push(config.listen.ip());
    }
    (names, addresses)
}

/// The bearer token of the administrator, for clients without certificates.
fn admin_token(file: &std::path::Path) -> Result<String, pki::Error> {
    if let Some(token) = pki::read(file)? {
        return Ok(token);
    }
    let token = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    pki::write(file, &token)?;
    Ok(token)
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}
