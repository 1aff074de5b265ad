//! PATCH: JSON, merge and strategic merge patches, from the current object until nobody else was faster.

use api::{Object, Status, patch, schema};
use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::Value;
use store::Expect;

use super::{
    body, metadata, render,
    update::expected,
    write::{self, Part},
};
use crate::{
    app::{App, Call, Row},
    response,
};

const ACCEPTED: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";

/// A patch whose format is known. Server-side apply will be one more.
pub(super) enum Patch {
    Json(Value),
    Merge(Value),
    Strategic(Value),
}

pub(super) async fn patch(
    app: &App,
    call: &mut Call,
    row: Row,
    part: Part,
    request: Body,
) -> Result<Response<Body>, Status> {
    let patch = Patch::read(call, request).await?;
    let validation = call.query.field_validation()?;
    let info = call.info.clone();
    let key = row.key(&info);
    let schema = schema::find(row.version.schema);
    let edit = |current: &Object, _: &Value, warnings: &mut Vec<String>| {
        let before = render::value_in_version(row, current);
        let mut value = patch.apply(schema, &before)?;
        body::require_kind(&mut value, row.kind.kind, &row.version.api_version())?;
        metadata::place(row.kind, &info, &mut value)?;
        write::meets(row, current, &Expect { revision: expected(&value)?, uid: None })?;
        warnings.extend(body::check_fields(row, validation, &mut value, Vec::new())?);
        write::to_hub(row, &mut value);
        Ok(value)
    };
    let object = write::change(app, call, row, (&key, part, &Expect::default()), edit).await?;
    render::object(call, row, StatusCode::OK, &object)
}

impl Patch {
    pub(super) async fn read(call: &Call, request: Body) -> Result<Self, Status> {
        let bytes = body::read(request).await?;
        let value = |bytes| {
            serde_json::from_slice::<Value>(bytes)
                .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
        };
        match body::content_type(call) {
            "application/json-patch+json" => Ok(Self::Json(value(&bytes)?)),
            "application/merge-patch+json" => Ok(Self::Merge(value(&bytes)?)),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic(value(&bytes)?)),
            _ => Err(response::unsupported_body(ACCEPTED)),
        }
    }

    pub(super) fn apply(&self, schema: Option<&'static schema::Type>, before: &Value) -> Result<Value, Status> {
        match (self, schema) {
            (Self::Json(patch), _) => patch::json(before, patch),
            (Self::Strategic(patch), Some(schema)) => patch::strategic(schema, before, patch),
            // Without a schema nobody knows the merge keys.
            (Self::Strategic(_), None) => {
                Err(response::unsupported_body("application/json-patch+json, application/merge-patch+json"))
            }
            (Self::Merge(patch), _) => Ok(patch::merge(before, patch)),
        }
    }
}
