//! What is done with a resource, one verb per file. No handler names a kind.

/// Request bodies: read, decoded, checked against the schema.
pub(crate) mod body;
/// DELETE of one object.
pub(crate) mod delete;
/// Which objects of a kind a list or watch is about.
pub(crate) mod filter;
/// Who owns which field of what is written.
pub(crate) mod managed;
/// What every object's `metadata` obeys.
pub(crate) mod metadata;
/// Objects and lists in the form that was asked for.
pub(crate) mod render;
/// The way of a write: every step between the decoded body and the store, in order.
pub(crate) mod write;

mod apply;
mod create;
mod deletecollection;
mod get;
mod list;
mod patch;
mod subresources;

pub(crate) use subresources::reviews;
mod update;
mod watch;

use std::sync::Arc;

use api::Status;
use axum::body::Body;
use http::Response;

use crate::{
    app::{App, Call},
    response,
};

pub(crate) async fn serve(app: &Arc<App>, call: &mut Call, body: Body) -> Result<Response<Body>, Status> {
    let info = &call.info;
    let Some(row) = app.find(&info.group, &info.version, &info.resource) else {
        return match subresources::reviews::find(info) {
            Some(review) => subresources::reviews::create(app, call, review, body).await,
            None => Err(response::no_such_path()),
        };
    };
    if info.within && !row.kind.namespaced {
        return Err(response::no_such_path());
    }
    if !row.version.deprecation.is_empty() {
        call.warnings.push(row.version.deprecation.to_owned());
    }
    if !info.subresource.is_empty() {
        return subresources::serve(app, call, row, body).await;
    }
    // One object of a namespaced kind has no path outside namespaces, a new one neither.
    let placed = !row.kind.namespaced || info.within || matches!(info.verb, "list" | "watch");
    if !row.kind.verbs.contains(&info.verb) || !placed {
        return Err(response::no_such_method());
    }
    match info.verb {
        "create" if info.name.is_empty() => create::create(app, call, row, body).await,
        "get" => get::get(app, call, row).await,
        "list" => list::list(app, call, row).await,
        "watch" => watch::watch(app, call, row).await,
        "update" if !info.name.is_empty() => update::update(app, call, row, write::Part::Main, body).await,
        "patch" if !info.name.is_empty() => patch::patch(app, call, row, write::Part::Main, body).await,
        "delete" => delete::delete(app, call, row, body).await,
        "deletecollection" => deletecollection::deletecollection(app, call, row, body).await,
        _ => Err(response::no_such_method()),
    }
}
