//! PUT of an object's next state.

use api::{Revision, Status};
use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::Value;
use store::Expect;

use super::{
    body, metadata, render,
    write::{self, Part},
};
use crate::app::{App, Call, Row};

pub(super) async fn update(
    app: &App,
    call: &mut Call,
    row: Row,
    part: Part,
    request: Body,
) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    let mut value = body::object(call, row, &bytes)?;
    metadata::place(row.kind, &call.info, &mut value)?;
    let expect = Expect { revision: expected(&value)?, uid: None };
    write::to_hub(row, &mut value);
    let key = row.key(&call.info);
    let object = write::change(app, call, row, (&key, part, &expect), |_, _, _| Ok(value.clone())).await?;
    render::object(call, row, StatusCode::OK, &object)
}

/// The revision a body insists on; without one the update is unconditional.
pub(super) fn expected(value: &Value) -> Result<Option<Revision>, Status> {
    match value["metadata"]["resourceVersion"].as_str() {
        None | Some("" | "0") => Ok(None),
        Some(text) => text.parse().map(|revision| Some(Revision(revision))).map_err(|_| {
            Status::bad_request(format!("metadata.resourceVersion: Invalid value: {text:?}: must be a number"))
        }),
    }
}
