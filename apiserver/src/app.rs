//! What every request shares, and the way of each: authenticate, authorize, dispatch, count.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use api::{Key, Kind, Status, kind::Version, kinds::Kinds, schema};
use axum::{Router, body::Body, extract::State};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{CACHE_CONTROL, WARNING},
};
use parking_lot::Mutex;
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug_span};
use uuid::Uuid;

use crate::{
    Config, admission,
    authentication::{self, Caller, impersonation, service_account::Tokens},
    authorization::{self, rbac::Rbac},
    compress, discovery,
    flow::Flow,
    handlers, health,
    local::InProcess,
    metrics::Metrics,
    negotiation::{self, Accept, Offers},
    openapi::OpenApi,
    options::Query,
    request_info::RequestInfo,
    response,
    webhook::WebhookClient,
};

/// What every request shares.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) admission: admission::State,
    pub(crate) webhooks: WebhookClient,
    pub(crate) rbac: Rbac,
    pub(crate) tokens: Tokens,
    pub(crate) admin_token: String,
    pub(crate) metrics: Metrics,
    pub(crate) openapi: OpenApi,
    /// Replaced whenever a definition comes, changes or goes.
    pub(crate) kinds: watch::Sender<Arc<Kinds>>,
    pub(crate) flow: Flow,
    /// Set once the objects of the start are there.
    pub(crate) ready: AtomicBool,
    /// Ends watches, then the server.
    pub(crate) stop: CancellationToken,
}

/// A request, all of it but its body, and what its answer has to carry.
pub(crate) struct Call {
    pub(crate) info: RequestInfo,
    pub(crate) query: Query,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: http::Extensions,
    pub(crate) caller: Caller,
    /// Sent as `Warning:` headers.
    pub(crate) warnings: Vec<String>,
    /// The same, of admission: a collection's objects are asked about side by side.
    pub(crate) admission_warnings: Mutex<Vec<String>>,
}

/// A kind, under the group and version it was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) kind: &'static Kind,
    pub(crate) version: &'static Version,
}

impl App {
    /// The kind that `resource` is called under `group`/`version`.
    pub(crate) fn find(&self, group: &str, version: &str, resource: &str) -> Option<Row> {
        let kind = self.kinds.borrow().find(group, version, resource)?;
        let version = kind.versions.iter().find(|v| v.group == group && v.version == version)?;
        Some(Row { kind, version })
    }
}

impl App {
    /// The kinds that are served now.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&self.kinds.borrow())
    }

    /// The kind whose objects say `apiVersion: group/version` and `kind`.
    pub(crate) fn find_kind(&self, group: &str, version: &str, kind: &str) -> Option<Row> {
        let kind = self.kinds.borrow().by_kind(group, version, kind)?;
        let version = kind.versions.iter().find(|v| v.group == group && v.version == version)?;
        Some(Row { kind, version })
    }
}

impl Row {
    /// What its objects can be read as.
    pub(crate) fn offers(self) -> Offers {
        if self.kind.custom.is_some() { Offers::Custom } else { Offers::Objects }
    }

    /// What patches and checks read of the row's type.
    pub(crate) fn schema(self) -> Option<&'static schema::Type> {
        self.kind.type_in(self.version)
    }

    pub(crate) fn is_hub(&self) -> bool {
        std::ptr::eq(self.version, self.kind.hub())
    }

    /// Where `info`'s object lives.
    pub(crate) fn key(&self, info: &RequestInfo) -> Key {
        if self.kind.namespaced { Key::new(&info.namespace, &info.name) } else { Key::cluster(&info.name) }
    }
}

impl Call {
    pub(crate) fn accept(&self, offers: Offers) -> Result<Accept, Status> {
        negotiation::accept(&self.headers, offers)
    }

    pub(crate) fn pretty(&self) -> bool {
        self.query.flag("pretty")
    }

    /// For an answer that is what it is: no Table of it, no metadata.
    pub(crate) fn reply(&self, code: http::StatusCode, value: &serde_json::Value) -> Result<Response<Body>, Status> {
        Ok(response::document(code, value, self.accept(Offers::Plain)?.encoding, self.pretty()))
    }
}

/// The one route.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new().fallback(serve).with_state(app)
}

async fn serve(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let query = Query::of(&parts.uri);
    let info = RequestInfo::parse(&parts.method, parts.uri.path(), query.flag("watch"));
    let span = debug_span!("request", verb = info.verb, path = parts.uri.path());
    let measured = app.metrics.begin(&info);
    let audit = audit_id(&parts.headers);
    let inside = parts.extensions.get::<InProcess>().is_some();
    // What a node answers goes through as it is.
    let compressed = info.subresource.is_empty() && compress::is_wanted(&parts.headers);

    let result = async {
        let caller = authentication::authenticate(&app, &parts)?;
        let caller = impersonation::impersonate(&app, caller, &mut parts.headers)?;
        authorization::authorize(&app, &caller.identity, &info, parts.uri.path())?;
        let Ok(_seat) = app.flow.enter(&caller, inside, &info).await else { return Ok(response::too_many_requests()) };
        let mut call = Call {
            info,
            query,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            extensions: parts.extensions,
            caller,
            warnings: Vec::new(),
            admission_warnings: Mutex::default(),
        };
        let answer = dispatch(&app, &mut call, body).await;
        let mut warnings = call.warnings;
        for warning in call.admission_warnings.into_inner() {
            // Said of each attempt and each object, sent once.
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        Ok(warn(answer.unwrap_or_else(|status| response::refusal(&status)), &warnings))
    };
    let result: Result<Response<Body>, Status> = result.instrument(span).await;
    let mut response = result.unwrap_or_else(|status| response::refusal(&status));
    let headers = response.headers_mut();
    headers.insert("audit-id", audit);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
    app.metrics.end(measured, response.status(), started.elapsed());
    if compressed { compress::answer(response) } else { response }
}

async fn dispatch(app: &Arc<App>, call: &mut Call, body: Body) -> Result<Response<Body>, Status> {
    if call.info.is_resource() {
        return handlers::serve(app, call, body).await;
    }
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(response::no_such_method());
    }
    let path = call.uri.path().trim_end_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Ok(health::serve(app, call, &segments)),
        ["version"] => call.reply(http::StatusCode::OK, &discovery::version()),
        ["metrics"] => Ok(app.metrics.serve()),
        ["openapi", ..] => app.openapi.serve(&app.kinds(), call, &segments[1..]),
        [".well-known", "openid-configuration"] => Ok(response::json(http::StatusCode::OK, discovery::openid().to_string())),
        ["openid", "v1", "jwks"] => Ok(response::key_set(&app.tokens.key_set())),
        ["api" | "apis", ..] | [] => discovery::serve(app, call, &segments),
        _ => Err(response::no_such_path()),
    }
}

/// The caller's own id, if it sent one: it joins its logs with ours by it.
fn audit_id(headers: &HeaderMap) -> HeaderValue {
    headers.get("audit-id").cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        let id = uuid().hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(id).expect("an id is hexadecimal")
    })
}

/// A random id from the thread's own generator: no system call.
pub(crate) fn uuid() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

fn warn(mut response: Response<Body>, warnings: &[String]) -> Response<Body> {
    for warning in warnings {
        let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}
