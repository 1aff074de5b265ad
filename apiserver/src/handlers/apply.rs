//! PATCH that is a server-side apply: what the client wants, merged with what others own.

use api::{Object, Status};
use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;
use store::Expect;

use super::{
    managed::{Author, Tracking},
    metadata,
    patch::Target,
    render,
    update::{expected, may_create},
    write::{self, ATTEMPTS, Failure, Part},
};
use crate::{
    app::{App, Call, Row},
    options::FieldValidation,
    request_info::RequestInfo,
};

/// The configuration in the body, YAML or JSON; it must be of the kind that the path names.
pub(super) fn config(call: &mut Call, target: Target<'_>, bytes: &Bytes) -> Result<Value, Status> {
    let validation = call.query.field_validation();
    let (config, duplicates) =
        api::fields::yaml(bytes).map_err(|why| Status::bad_request(format!("error decoding YAML: {why}")))?;
    let text = |name: &str| config[name].as_str().unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    if (group, version, text("kind")) != (target.group, target.version, target.kind) {
        return Err(Status::bad_request(format!("invalid object type: {group}/{version}, Kind={}", text("kind"))));
    }
    if let Some(why) = duplicates.first() {
        match validation {
            FieldValidation::Ignore => {}
            FieldValidation::Strict => return Err(Status::bad_request(format!("error strict decoding YAML: {why}"))),
            FieldValidation::Warn => call.warnings.extend(api::fields::warnings(why)),
        }
    }
    Ok(config)
}

pub(super) async fn apply(
    app: &App,
    call: &mut Call,
    row: Row,
    part: Part,
    config: &Value,
) -> Result<Response<Body>, Status> {
    let (author, info, key) = (Author::of(call), call.info.clone(), row.key(&call.info));
    let mut attempt = 1;
    loop {
        let there = app.store.get(row.kind, &key).is_some();
        let result = if there {
            let edit = |current: &Object, old: &Value, _: &mut Vec<String>| {
                let converted = (!row.is_hub()).then(|| render::value_in_version(row, current));
                let mut value = author.apply(row, Some(converted.as_ref().unwrap_or(old)), config)?;
                write::meets(row, current, &Expect { revision: expected(&value)?, uid: None })?;
                metadata::place(row.kind, &info, &mut value)?;
                write::to_hub(row, &mut value);
                Ok(value)
            };
            write::change(app, call, row, (&key, part, Tracking::Applied, &Expect::default()), edit).await
        } else if part == Part::Main {
            may_create(app, call)?;
            let value = new_object(row, &info, &author, config)?;
            write::create(app, call, row, Tracking::Applied, value).await.map_err(Failure::status)
        } else {
            Err(Status::not_found(row.kind, &key.name))
        };
        return match result {
            Ok(object) if there => render::object(call, row, StatusCode::OK, &object),
            Ok(object) => render::object(call, row, StatusCode::CREATED, &object),
            // Somebody created or deleted it in between.
            Err(status) if attempt < ATTEMPTS && app.store.get(row.kind, &key).is_some() != there => {
                tracing::debug!(%status, "an object came or went under an apply");
                attempt += 1;
                continue;
            }
            Err(status) => Err(status),
        };
    }
}

fn new_object(row: Row, info: &RequestInfo, author: &Author, config: &Value) -> Result<Value, Status> {
    let mut value = author.apply(row, None, config)?;
    if let Some(uid) = value["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()) {
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(Status::conflict(row.kind, &info.name, &why));
    }
    metadata::place(row.kind, info, &mut value)?;
    Ok(value)
}
