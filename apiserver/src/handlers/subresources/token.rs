//! `authentication.k8s.io/v1 TokenRequest`: a token of a ServiceAccount, bound to what asks for it.

use api::{Key, Kind, Status, field, kinds};
use axum::body::Body;
use http::{Response, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::{body, metadata};
use crate::{
    admission,
    app::{self, App, Call, Row},
    authentication::service_account::{Bound, Claims, ISSUER, Reference, api_audiences},
};

const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;
/// What admission asks for on behalf of pods: whoever reads the file only once goes on for a year, and is told.
const ASKED_BY_ADMISSION: i64 = 3607;
const EXTENDED_SECONDS: i64 = 365 * 24 * 3600;

pub(super) async fn create(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    let mut asked = body::decode(call, "TokenRequest", &bytes, &mut Vec::new())?;
    body::require_kind(&mut asked, "TokenRequest", "authentication.k8s.io/v1")?;
    let key = row.key(&call.info);
    for (field, own) in [("name", &*key.name), ("namespace", &*key.namespace)] {
        let said = asked["metadata"][field].as_str().unwrap_or_default();
        if !said.is_empty() && said != own {
            let why =
                format!("the {field} in the request metadata ({said}) does not match the {field} of the request ({own})");
            return Err(Status::bad_request(why));
        }
    }
    let account = app.store.get(row.kind, &key).ok_or_else(|| Status::not_found(row.kind, &key.name))?;
    admission::subresource(app, call, row, None, &mut asked).await?;
    let seconds = asked["spec"]["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
    let complaint = match seconds {
        ..LEAST_SECONDS => Some("may not specify a duration less than 10 minutes"),
        LEAST_SECONDS..=MOST_SECONDS => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    if let Some(why) = complaint {
        let error = field::Error::invalid("spec.expirationSeconds", seconds, why);
        return Err(Status::invalid_as("authentication.k8s.io", "TokenRequest", "", &[error]));
    }
    let audiences: Vec<String> = asked["spec"]["audiences"].as_array().into_iter().flatten().filter_map(text).collect();
    let audiences = if audiences.is_empty() { api_audiences().to_vec() } else { audiences };
    let now = metadata::now();
    let renewed = now + SignedDuration::from_secs(seconds);
    let account = Reference { name: key.name.to_string(), uid: account.meta.uid.to_string() };
    let mut bound = bound(app, &key, account, &asked["spec"]["boundObjectRef"])?;
    let mut expires = renewed;
    if seconds == ASKED_BY_ADMISSION && bound.pod.is_some() && audiences == api_audiences() {
        bound.warnafter = Some(renewed.as_second());
        expires = now + SignedDuration::from_secs(EXTENDED_SECONDS);
    }
    let claims = Claims {
        aud: audiences.clone(),
        exp: expires.as_second(),
        iat: now.as_second(),
        nbf: now.as_second(),
        iss: ISSUER.into(),
        jti: app::uuid().hyphenated().to_string(),
        sub: format!("system:serviceaccount:{}:{}", key.namespace, key.name),
        kubernetes: bound,
    };
    let token = app.tokens.sign(&claims).map_err(Status::internal)?;
    let spec = &mut asked["spec"];
    spec["audiences"] = audiences.into();
    spec["expirationSeconds"] = seconds.into();
    asked["metadata"] = json!({ "name": key.name, "namespace": key.namespace, "creationTimestamp": now.to_string() });
    asked["status"] = json!({ "token": token, "expirationTimestamp": renewed.to_string() });
    call.reply(StatusCode::CREATED, &asked)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// What the token's end is bound to, beside the account.
fn bound(app: &App, key: &Key, serviceaccount: Reference, to: &Value) -> Result<Bound, Status> {
    let mut bound = Bound { namespace: key.namespace.to_string(), serviceaccount, ..Bound::default() };
    if !to.is_object() {
        return Ok(bound);
    }
    let word = |field: &str| to[field].as_str().unwrap_or_default();
    let (kind, name) = (word("kind"), word("name"));
    // The core group's version may be left out; every other version is of another group.
    let core = matches!(word("apiVersion"), "" | "v1");
    match kind {
        "Pod" if core => {
            let (reference, pod) = find(app, &kinds::POD, &key.namespace, name, word("uid"))?;
            let runs_as = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default();
            if runs_as != &*key.name {
                let why = "to pod running with different serviceaccount name.";
                return Err(Status::bad_request(format!("cannot bind token for serviceaccount \"{}\" {why}", key.name)));
            }
            bound.pod = Some(reference);
            let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
            let found = app.store.get(&kinds::NODE, &Key::cluster(node));
            bound.node = found.map(|found| Reference { name: node.to_owned(), uid: found.meta.uid.to_string() });
        }
        "Node" if core => bound.node = Some(find(app, &kinds::NODE, "", name, word("uid"))?.0),
        "Secret" if core => bound.secret = Some(find(app, &kinds::SECRET, &key.namespace, name, word("uid"))?.0),
        _ => {
            let (group, version) = word("apiVersion").split_once('/').unwrap_or(("", word("apiVersion")));
            return Err(Status::bad_request(format!("cannot bind token to object of type {group}/{version}, Kind={kind}")));
        }
    }
    Ok(bound)
}

fn find(app: &App, kind: &'static Kind, namespace: &str, name: &str, uid: &str) -> Result<(Reference, Value), Status> {
    let key = if kind.namespaced { Key::new(namespace, name) } else { Key::cluster(name) };
    let object = app.store.get(kind, &key).ok_or_else(|| Status::not_found(kind, name))?;
    if !uid.is_empty() && *object.meta.uid != *uid {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. \
             The object might have been deleted and then recreated"
        );
        return Err(Status::conflict(kind, name, &why));
    }
    Ok((Reference { name: name.to_owned(), uid: object.meta.uid.to_string() }, object.value()))
}
