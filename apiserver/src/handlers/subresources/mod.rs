//! What lies below an object: the row of the subresource says who serves it.

mod binding;
mod eviction;
mod node;
/// Questions about identities and rights: kinds that are never stored.
pub(crate) mod reviews;
mod scale;
mod spec;
mod token;

use std::sync::Arc;

use api::{Status, kind::Serves};
use axum::body::Body;
use http::{Response, StatusCode};

use super::{get, patch, update, write::Part};
use crate::{
    admission,
    app::{App, Call, Row},
    response,
};

pub(super) async fn serve(app: &Arc<App>, call: &mut Call, row: Row, body: Body) -> Result<Response<Body>, Status> {
    let name = call.info.subresource.as_str();
    let subresource = row.kind.subresources.iter().find(|s| s.name == name).ok_or_else(response::no_such_path)?;
    let verb = call.info.verb;
    if !subresource.verbs.contains(&verb) {
        return Err(response::no_such_method());
    }
    match (subresource.serves, verb) {
        (Serves::Node, _) => {
            // A log is read; everything else enters the pod.
            if name != "log" {
                admission::connect(app, call, row).await?;
            }
            node::serve(app, call, row, body).await
        }
        (Serves::Scale { .. }, _) => scale::serve(app, call, row, subresource, body).await,
        (Serves::Binding, _) => binding::create(app, call, row, body).await,
        (Serves::Eviction, _) => eviction::create(app, call, row, body).await,
        (Serves::Token, _) => token::create(app, call, row, body).await,
        (_, "get") => get::get(app, call, row).await,
        (Serves::Status | Serves::Approval, "update") => update::update(app, call, row, Part::Status, body).await,
        (Serves::Status | Serves::Approval, "patch") => patch::patch(app, call, row, Part::Status, body).await,
        (Serves::Finalize, _) => spec::finalizers(app, call, row, body).await,
        (Serves::EphemeralContainers, _) => spec::ephemeral_containers(app, call, row, body).await,
        (Serves::Resize, _) => spec::resources(app, call, row, body).await,
        _ => Err(response::no_such_method()),
    }
}

/// A `Status` that says only that it went well.
fn success(call: &Call) -> Result<Response<Body>, Status> {
    let answer =
        serde_json::json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
    call.reply(StatusCode::CREATED, &answer)
}
