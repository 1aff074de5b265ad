//! POST of a new object.

use api::Status;
use axum::body::Body;
use http::{Response, StatusCode};

use super::{
    body,
    managed::Tracking,
    metadata, render,
    write::{self, ATTEMPTS, Failure},
};
use crate::app::{App, Call, Row};

pub(super) async fn create(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    call.query.check_write("CreateOptions", None)?;
    let said = call.warnings.len();
    let mut attempt = 1;
    loop {
        // Decoded anew for each attempt: a copy kept for the rare second one would cost every first.
        let mut value = body::object(call, row, &bytes)?;
        metadata::place(row.kind, &call.info, &mut value)?;
        let generated = value["metadata"]["name"].as_str().is_none_or(str::is_empty);
        match write::create(app, call, row, Tracking::Update, value).await {
            Ok(object) => return render::object(call, row, StatusCode::CREATED, &object),
            // The name was the client's own choice: nothing to try again.
            Err(Failure::Raced(status)) if !generated && status.reason == "AlreadyExists" => return Err(status),
            Err(Failure::Raced(_)) if attempt < ATTEMPTS => {
                attempt += 1;
                call.warnings.truncate(said);
            }
            Err(failure) => return Err(failure.status()),
        }
    }
}
