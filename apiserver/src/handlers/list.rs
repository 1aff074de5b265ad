//! GET of many objects: pages, revisions, selectors.

use std::{sync::Arc, time::Duration};

use api::{Object, Revision, Status, field};
use axum::body::Body;
use http::Response;
use store::Snapshot;

use super::{
    filter::Filter,
    render::{self, ListMeta},
};
use crate::{
    app::{App, Call, Row},
    continue_token::{self, Continue},
    custom::convert,
    options::{Query, invalid_options},
    response,
};

/// How long a read waits for a revision that is not there yet.
const SETTLE: Duration = Duration::from_secs(3);

/// Which state the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Now,
    NotOlderThan(Revision),
    Exactly(Revision),
}

pub(super) async fn list(app: &App, call: &Call, row: Row) -> Result<Response<Body>, Status> {
    check(&call.query)?;
    let filter = Filter::of(call, row)?;
    let limit = call.query.number("limit")?.filter(|limit| *limit > 0).map_or(usize::MAX, |limit| limit as usize);
    let from = match call.query.get("continue") {
        "" => None,
        token => Some(Continue::decode(token)?),
    };
    let at = at(&call.query)?;
    let snapshot = snapshot(app, row, at, from.as_ref()).await?;
    let (objects, more) = page(&snapshot, &filter, from.as_ref(), limit);
    let mut meta = ListMeta { revision: snapshot.revision().0, ..ListMeta::default() };
    if more > 0 {
        let last = objects.last().map(|object| object.key().clone());
        meta.next = last.map(|last| Continue { revision: Some(snapshot.revision()), last }.encode());
        meta.remaining = (!filter.selects()).then_some(more);
    }
    let objects = convert::read_all(app, row, objects).await?;
    render::list(call, row, objects, &meta)
}

/// The objects of one page, and how many of the namespace follow it (at least 1 if one matches, when selectors choose).
fn page(snapshot: &Snapshot, filter: &Filter, from: Option<&Continue>, limit: usize) -> (Vec<Arc<Object>>, usize) {
    let start =
        from.map(Continue::start).or_else(|| (!filter.namespace.is_empty()).then(|| api::Key::new(&filter.namespace, "")));
    let within = |object: &&Arc<Object>| filter.namespace.is_empty() || *object.key().namespace == *filter.namespace;
    let mut matching = snapshot.iter_from(start.as_ref()).take_while(within).filter(|object| filter.matches(object));
    let objects: Vec<Arc<Object>> = matching.by_ref().take(limit).cloned().collect();
    let more = match (limit, filter.selects()) {
        (usize::MAX, _) => 0,
        (_, true) => usize::from(matching.next().is_some()),
        (_, false) => matching.count(),
    };
    (objects, more)
}

async fn snapshot(app: &App, row: Row, at: At, from: Option<&Continue>) -> Result<Snapshot, Status> {
    let refuse = |error| response::refused(row.kind, "", &error);
    match (from, at) {
        (Some(Continue { revision: Some(revision), last }), _) => match app.store.snapshot_at(row.kind, *revision) {
            Err(store::Error::Compacted { .. }) => Err(continue_token::expired(last.clone())),
            other => other.map_err(refuse),
        },
        (None, At::Exactly(revision)) => {
            settle(app, revision).await?;
            app.store.snapshot_at(row.kind, revision).map_err(refuse)
        }
        (None, At::NotOlderThan(revision)) => {
            settle(app, revision).await?;
            Ok(app.store.snapshot(row.kind))
        }
        (Some(_), _) | (None, At::Now) => Ok(app.store.snapshot(row.kind)),
    }
}

/// Waits until reads show `revision`, for a while.
pub(super) async fn settle(app: &App, revision: Revision) -> Result<(), Status> {
    if app.store.revision() >= revision {
        return Ok(());
    }
    match tokio::time::timeout(SETTLE, app.store.settled(revision)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(response::too_large(Some(revision.0), app.store.revision().0)),
    }
}

pub(super) fn revision(text: &str) -> Result<Option<Revision>, Status> {
    match text {
        "" => Ok(None),
        text => text.parse().map(|revision| Some(Revision(revision))).map_err(|_| {
            let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
            let error = field::Error::invalid("resourceVersion", text, why);
            Status::bad_request(format!("invalid resource version: {error}"))
        }),
    }
}

/// What a list may be told by its query.
fn check(query: &Query) -> Result<(), Status> {
    let (version, matching, next) = (query.get("resourceVersion"), query.get("resourceVersionMatch"), query.get("continue"));
    let mut errors = Vec::new();
    let mut forbid = |field: &str, why: &str| errors.push(field::Error::forbidden(field, why));
    if !matching.is_empty() && version.is_empty() {
        forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if !matching.is_empty() && !next.is_empty() {
        forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    }
    if matching == "Exact" && version == "0" {
        forbid("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    if !query.get("sendInitialEvents").is_empty() {
        forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if !matches!(matching, "" | "Exact" | "NotOlderThan") {
        errors.push(field::Error::not_supported("resourceVersionMatch", matching, &["Exact", "NotOlderThan", ""]));
    }
    if !errors.is_empty() {
        return Err(invalid_options("ListOptions", &errors));
    }
    if !next.is_empty() && !matches!(version, "" | "0") {
        return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
    }
    Ok(())
}

fn at(query: &Query) -> Result<At, Status> {
    let wanted = revision(query.get("resourceVersion"))?;
    Ok(match (query.get("resourceVersionMatch"), wanted) {
        (_, None | Some(Revision(0))) => At::Now,
        ("Exact", Some(revision)) => At::Exactly(revision),
        // A page of an old revision was once asked for so; without `limit` it means "at least".
        ("", Some(revision)) if !matches!(query.get("limit"), "" | "0") => At::Exactly(revision),
        (_, Some(revision)) => At::NotOlderThan(revision),
    })
}
