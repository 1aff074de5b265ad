//! Who speaks: the caller of a request, by the door it came through.

/// Tokens of machines that join.
mod bootstrap_token;
/// Acting as somebody else.
pub(crate) mod impersonation;
/// Bearer tokens of ServiceAccounts.
pub(crate) mod service_account;
/// Client certificates.
pub(crate) mod x509;

use std::sync::Arc;

use api::{Identity, Status};
use http::{header::AUTHORIZATION, request::Parts};

use crate::{app::App, local::InProcess, tls::connections::Peer};

/// The group of everybody who has a name, and of everybody who has none.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Whoever made a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) identity: Arc<Identity>,
}

/// Whom a token names, and for which of the audiences that were asked about.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) identity: Identity,
    pub(crate) audiences: Vec<String>,
}

/// The caller of `parts`. Nobody in particular is `system:anonymous`; a wrong token is refused rather than taken for nobody.
pub(crate) fn authenticate(app: &App, parts: &Parts) -> Result<Caller, Status> {
    if let Some(InProcess(identity)) = parts.extensions.get() {
        return Ok(Caller { identity: identity.clone() });
    }
    let socket = |identity| Ok(Caller { identity });
    if let Some(Peer(Some(identity))) = parts.extensions.get() {
        return socket(identity.clone());
    }
    let header = parts.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    match header.and_then(bearer) {
        None => socket(Arc::new(Identity::anonymous())),
        Some(token) => match by_token(app, token, &service_account::api_audiences()) {
            Ok(verified) => socket(Arc::new(verified.identity)),
            Err(why) => {
                tracing::debug!(why, "a token was refused");
                Err(unauthorized())
            }
        },
    }
}

/// The token of an `Authorization` header; the scheme may be written in any case.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whom `token` names, or why nobody. `audiences` are those the asker answers for.
pub(crate) fn by_token(app: &App, token: &str, audiences: &[String]) -> Result<Verified, String> {
    // These are for nobody in particular.
    let anywhere = |identity| Ok(Verified { identity, audiences: audiences.to_vec() });
    if same(token, &app.admin_token) {
        return anywhere(Identity::new("kubernetes-admin", &["system:masters"]));
    }
    if let Some(identity) = bootstrap_token::verify(&app.store, token) {
        return anywhere(identity);
    }
    app.tokens.verify(&app.store, token, audiences)
}

/// Looks at every byte: how long it takes tells nothing.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

fn unauthorized() -> Status {
    Status::failure(401, "Unauthorized", "Unauthorized")
}
