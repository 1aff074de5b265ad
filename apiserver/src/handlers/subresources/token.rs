//! `authentication.k8s.io/v1 TokenRequest`: a token of a ServiceAccount, bound to what asks for it.

use api::{Key, Status, field, kinds};
use axum::body::Body;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::{body, metadata};
use crate::{
    admission,
    app::{self, App, Call, Row},
    authentication::service_account::{Bound, Claims, ISSUER, Reference},
};

const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;

pub(super) async fn create(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    let mut asked = body::decode(call, "TokenRequest", &bytes, &mut Vec::new())?;
    body::require_kind(&mut asked, "TokenRequest", "authentication.k8s.io/v1")?;
    let key = row.key(&call.info);
    let account = app.store.get(row.kind, &key).ok_or_else(|| Status::not_found(row.kind, &key.name))?;
    admission::subresource(app, call, row, None, &mut asked).await?;
    let seconds = asked["spec"]["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
    if seconds < LEAST_SECONDS {
        let why = "may not specify a duration less than 10 minutes";
        return Err(Status::invalid(row.kind, &key.name, &[field::Error::invalid("spec.expirationSeconds", seconds, why)]));
    }
    let audiences: Vec<String> = asked["spec"]["audiences"].as_array().into_iter().flatten().filter_map(text).collect();
    let audiences = if audiences.is_empty() { vec![ISSUER.to_owned()] } else { audiences };
    let now = metadata::now();
    let expires = now + SignedDuration::from_secs(seconds);
    let account = Reference { name: key.name.to_string(), uid: account.meta.uid.to_string() };
    let claims = claims(app, &key, account, &asked["spec"]["boundObjectRef"], (audiences.clone(), now, expires))?;
    let token = app.tokens.sign(&claims).map_err(Status::internal)?;
    let spec = &mut asked["spec"];
    spec["audiences"] = audiences.into();
    spec["expirationSeconds"] = seconds.into();
    asked["metadata"] = json!({ "name": key.name, "namespace": key.namespace, "creationTimestamp": now.to_string() });
    asked["status"] = json!({ "token": token, "expirationTimestamp": expires.to_string() });
    call.reply(StatusCode::CREATED, &asked)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn claims(
    app: &App,
    key: &Key,
    serviceaccount: Reference,
    bound_to: &Value,
    (aud, now, expires): (Vec<String>, Timestamp, Timestamp),
) -> Result<Claims, Status> {
    let (mut pod, mut node) = (None, None);
    if bound_to.is_object() {
        let name = bound_to["name"].as_str().unwrap_or_default();
        if bound_to["kind"] != "Pod" {
            return Err(Status::bad_request(format!("cannot bind token for serviceaccount {key} to {}", bound_to["kind"])));
        }
        let object = app.store.get(&kinds::POD, &Key::new(&key.namespace, name));
        let object = object.ok_or_else(|| Status::not_found(&kinds::POD, name))?;
        if bound_to["uid"].as_str().is_some_and(|uid| !uid.is_empty() && *uid != *object.meta.uid) {
            return Err(Status::conflict(
                &kinds::POD,
                name,
                "the UID in the bound object reference does not match the UID in record",
            ));
        }
        pod = Some(Reference { name: name.to_owned(), uid: object.meta.uid.to_string() });
        let node_name = object.value()["spec"]["nodeName"].as_str().unwrap_or_default().to_owned();
        let found = app.store.get(&kinds::NODE, &Key::cluster(&node_name));
        node = found.map(|found| Reference { name: node_name, uid: found.meta.uid.to_string() });
    }
    Ok(Claims {
        aud,
        exp: expires.as_second(),
        iat: now.as_second(),
        nbf: now.as_second(),
        iss: ISSUER.into(),
        jti: app::uuid().hyphenated().to_string(),
        sub: format!("system:serviceaccount:{}:{}", key.namespace, key.name),
        kubernetes: Bound { namespace: key.namespace.to_string(), serviceaccount, pod, node },
    })
}
