//! GET of one object.

use api::Status;
use axum::body::Body;
use http::{Response, StatusCode};

use super::render;
use crate::{
    app::{App, Call, Row},
    custom::convert,
};

/// Reads are from what is committed, so every `resourceVersion` up to now is satisfied by now.
pub(super) async fn get(app: &App, call: &Call, row: Row) -> Result<Response<Body>, Status> {
    let object =
        app.store.get(row.kind, &row.key(&call.info)).ok_or_else(|| Status::not_found(row.kind, &call.info.name))?;
    let object = convert::read(app, row, object).await?;
    render::object(call, row, StatusCode::OK, &object)
}
