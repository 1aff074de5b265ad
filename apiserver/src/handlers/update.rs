//! PUT of an object's next state.

use api::{Revision, Status, field};
use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::Value;
use store::Expect;

use super::{
    body,
    managed::Tracking,
    metadata, render,
    write::{self, Failure, Part},
};
use crate::{
    app::{App, Call, Row},
    authorization,
    request_info::RequestInfo,
};

pub(super) async fn update(
    app: &App,
    call: &mut Call,
    row: Row,
    part: Part,
    request: Body,
) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    call.query.check_write("UpdateOptions", None)?;
    let mut value = body::object(call, row, &bytes)?;
    metadata::place(row.kind, &call.info, &mut value)?;
    let expect = Expect { revision: expected(&value)?, uid: None };
    let key = row.key(&call.info);
    // Who read the object before it was deleted names its uid, and does not want another in its place.
    let anew = value["metadata"]["uid"].as_str().is_none_or(str::is_empty);
    if part == Part::Main && anew && row.kind.put_creates && app.store.get(row.kind, &key).is_none() {
        may_create(app, call)?;
        value["metadata"].as_object_mut().map(|metadata| metadata.remove("resourceVersion"));
        let created = write::create(app, call, row, Tracking::Update, value).await.map_err(Failure::status)?;
        return render::object(call, row, StatusCode::CREATED, &created);
    }
    if expect.revision.is_none() && !row.kind.put_blindly {
        return Err(unconditional(row, &key.name));
    }
    write::to_hub(row, &mut value);
    let object = write::change(app, call, row, (&key, part, Tracking::Update, &expect), |_, _, _| Ok(value.clone())).await?;
    render::object(call, row, StatusCode::OK, &object)
}

/// Who may only change objects may not create one by changing what is not there.
pub(super) fn may_create(app: &App, call: &Call) -> Result<(), Status> {
    let info = RequestInfo { verb: "create", ..call.info.clone() };
    authorization::authorize(app, &call.caller.identity, &info, call.uri.path())
}

/// The refusal of a PUT that does not say what it read; upstream calls the kind by its resource here.
fn unconditional(row: Row, name: &str) -> Status {
    let missing = field::Error::invalid("metadata.resourceVersion", 0, "must be specified for an update");
    let mut status = Status::invalid(row.kind, name, &[missing]);
    status.message = format!("{} {}", row.kind.resource(), status.message.split_once(' ').map_or("", |(_, rest)| rest));
    if let Some(details) = &mut status.details {
        details.kind = row.kind.plural.into();
    }
    status
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
