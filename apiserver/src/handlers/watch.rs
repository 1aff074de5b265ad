//! GET with `watch=true`: a stream of events from a revision on, out of the store's shared bytes.

mod encoder;

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use api::{Event, EventKind, Object, Revision, Status, field, kinds::Kinds};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use http::{Response, StatusCode};
use rand::RngExt;
use store::{Closed, Watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::{filter::Filter, list};
use crate::{
    app::{App, Call, Row},
    custom::convert,
    negotiation::Encoding,
    options::{Query, invalid_options},
    response, table,
};
use encoder::Encoder;

const BOOKMARKS: Duration = Duration::from_secs(60);
/// For who does not say; spread so that not all reconnect at once.
const TIMEOUT: std::ops::Range<u64> = 1800..3600;
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

pub(super) async fn watch(app: &Arc<App>, call: &Call, row: Row) -> Result<Response<Body>, Status> {
    let accept = call.accept(row.offers())?;
    if accept.encoding == Encoding::Yaml {
        return Err(Status::failure(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        ));
    }
    let filter = Filter::of(call, row)?;
    let include = table::Include::of(call)?;
    let encoder = Encoder { row, encoding: accept.encoding, form: accept.form, include, headed: AtomicBool::new(false) };
    let bookmarks = call.query.flag("allowWatchBookmarks");
    let seconds = call.query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0).map(|seconds| seconds as u64);
    let seconds = seconds.unwrap_or_else(|| rand::rng().random_range(TIMEOUT));
    let deadline = Instant::now() + Duration::from_secs(seconds);

    let start = start(&call.query)?;
    let (Start::After(least) | Start::Snapshot { not_before: least, .. }) = start;
    list::settle(app, least).await?;
    let (first, opened) = match start {
        Start::Snapshot { announce, .. } => {
            let snapshot = app.store.snapshot(row.kind);
            let matching = snapshot.iter_from(None).filter(|object| filter.matches(object));
            let mut first: VecDeque<Bytes> = match row.kind.custom {
                None => encoder.initial(matching),
                Some(_) => encoder.initial(convert::read_all(app, row, matching.cloned().collect()).await?.iter()),
            };
            if announce && bookmarks {
                first.push_back(encoder.bookmark(snapshot.revision(), true));
            }
            (first, app.store.watch(row.kind, snapshot.revision()))
        }
        Start::After(revision) => (VecDeque::new(), app.store.watch(row.kind, revision)),
    };
    let stream = match opened {
        Ok(watch) => {
            let mut ticks = interval_at(Instant::now() + BOOKMARKS, BOOKMARKS);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let ticks = bookmarks.then_some(ticks);
            let kinds = row.kind.custom.map(|_| app.kinds.subscribe());
            let watcher = Watcher { app: app.clone(), watch, filter, encoder, first, ticks, deadline, kinds, ended: false };
            Body::from_stream(watcher.stream())
        }
        // The answer is a stream already when a client hears that its revision is gone: it must look for it there.
        Err(store::Error::Compacted { oldest }) => Body::from(encoder.too_old(least, oldest)),
        Err(error) => return Err(response::refused(row.kind, "", &error)),
    };
    let content_type = match accept.encoding {
        Encoding::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        Encoding::Json | Encoding::Yaml => "application/json",
    };
    Ok(response::bytes(StatusCode::OK, content_type, stream))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    After(Revision),
    /// All there is first; `announce` its end with a bookmark.
    Snapshot {
        not_before: Revision,
        announce: bool,
    },
}

fn start(query: &Query) -> Result<Start, Status> {
    let (matching, initial) = (query.get("resourceVersionMatch"), query.get("sendInitialEvents"));
    let mut errors = Vec::new();
    let mut forbid = |why: &str| errors.push(field::Error::forbidden("resourceVersionMatch", why));
    if !initial.is_empty() && matching != "NotOlderThan" {
        forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if !matching.is_empty() && initial.is_empty() {
        forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if !matching.is_empty() && !query.get("continue").is_empty() {
        forbid("resourceVersionMatch is forbidden when continue is provided");
    }
    if !matches!(matching, "" | "NotOlderThan") {
        errors.push(field::Error::not_supported("resourceVersionMatch", matching, &["NotOlderThan"]));
    }
    if !errors.is_empty() {
        return Err(invalid_options("ListOptions", &errors));
    }
    let revision = list::revision(query.get("resourceVersion"))?;
    Ok(match (query.flag("sendInitialEvents"), revision) {
        (true, revision) => Start::Snapshot { not_before: revision.unwrap_or_default(), announce: true },
        (false, None | Some(Revision(0))) => Start::Snapshot { not_before: Revision(0), announce: false },
        (false, Some(revision)) => Start::After(revision),
    })
}

/// One client's watch.
struct Watcher {
    app: Arc<App>,
    watch: Watch,
    filter: Filter,
    encoder: Encoder,
    first: VecDeque<Bytes>,
    ticks: Option<Interval>,
    deadline: Instant,
    /// Of a custom kind: it ends, or becomes another, while somebody watches.
    kinds: Option<tokio::sync::watch::Receiver<Arc<Kinds>>>,
    ended: bool,
}

impl Watcher {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut watcher| async move {
            let chunk = watcher.next().await?;
            Some((Ok(chunk), watcher))
        })
    }

    /// What to send next; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.first.pop_front() {
            return Some(chunk);
        }
        while !self.ended {
            tokio::select! {
                biased;
                batch = self.watch.next() => match batch {
                    Ok(batch) => {
                        let chunk = match self.encoder.row.kind.custom {
                            None => self.encode(&batch),
                            Some(_) => self.encode_custom(&batch).await,
                        };
                        if !chunk.is_empty() {
                            return Some(chunk);
                        }
                    }
                    Err(Closed::Behind) => if let Some(last) = self.resume() { return Some(last) },
                    Err(Closed::Stopped | Closed::Disk(_)) => self.ended = true,
                },
                () = sleep_until(self.deadline) => {
                    self.ended = true;
                    return self.ticks.is_some().then(|| self.encoder.bookmark(self.watch.progress(), false));
                }
                () = self.app.stop.cancelled() => self.ended = true,
                () = retired(&mut self.kinds, self.encoder.row) => self.ended = true,
                () = tick(&mut self.ticks) => return Some(self.encoder.bookmark(self.watch.progress(), false)),
            }
        }
        None
    }

    /// Goes on where this watch was; the answer is the last word to a client when that is gone.
    fn resume(&mut self) -> Option<Bytes> {
        let seen = self.watch.progress();
        match self.app.store.watch(self.encoder.row.kind, seen) {
            Ok(watch) => {
                self.watch = watch;
                None
            }
            Err(error) => {
                self.ended = true;
                match error {
                    store::Error::Compacted { oldest } => Some(self.encoder.too_old(seen, oldest)),
                    other => Some(self.encoder.error_event(&response::refused(self.encoder.row.kind, "", &other))),
                }
            }
        }
    }

    fn encode(&self, batch: &[Arc<Event>]) -> Bytes {
        let mut out = BytesMut::new();
        for (kind, object) in batch.iter().filter_map(|event| self.shown(event)) {
            self.encoder.append(&mut out, kind, &self.encoder.object(&object));
        }
        out.freeze()
    }

    /// The same for objects that may have to be brought into the client's version first.
    async fn encode_custom(&mut self, batch: &[Arc<Event>]) -> Bytes {
        let mut out = BytesMut::new();
        let (kinds, objects): (Vec<_>, Vec<_>) = batch.iter().filter_map(|event| self.shown(event)).unzip();
        match convert::read_all(&self.app, self.encoder.row, objects).await {
            Ok(objects) => {
                for (kind, object) in kinds.iter().zip(objects) {
                    self.encoder.append(&mut out, kind, &self.encoder.object(&object));
                }
                out.freeze()
            }
            Err(status) => {
                self.ended = true;
                self.encoder.error_event(&status)
            }
        }
    }

    fn shown(&self, event: &Event) -> Option<(&'static str, Arc<Object>)> {
        let (kind, shown) = seen_through(&self.filter, event)?;
        Some(match shown {
            Shown::Event => (kind, event.object.clone()),
            // It left the selection: the client is shown what it knew, at the revision of the leaving.
            Shown::Previous(previous) => (kind, Arc::new(previous.at(self.encoder.row.kind, event.revision()))),
        })
    }
}

/// Waits until `row` is served no more as it was. A definition that is being deleted still serves what is left.
async fn retired(kinds: &mut Option<tokio::sync::watch::Receiver<Arc<Kinds>>>, row: Row) {
    match kinds {
        // The server's end ends the watch anyway.
        Some(kinds) => {
            let own = |kind: &api::Kind| kind.custom.map(|custom| (custom.definition.fingerprint, custom.version().name));
            let wanted = own(row.kind);
            drop(kinds.wait_for(|kinds| !kinds.custom().any(|kind| own(kind) == wanted)).await);
        }
        None => std::future::pending().await,
    }
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

enum Shown<'a> {
    Event,
    Previous(&'a Object),
}

/// What `event` is to a client that sees only what `filter` lets through: who enters is added, who leaves is deleted.
fn seen_through<'a>(filter: &Filter, event: &'a Event) -> Option<(&'static str, Shown<'a>)> {
    let before = event.previous.as_deref().filter(|previous| filter.matches(previous));
    if event.kind == EventKind::Deleted {
        return (before.is_some() || filter.matches(&event.object)).then_some(("DELETED", Shown::Event));
    }
    match (before, filter.matches(&event.object)) {
        (None, true) => Some(("ADDED", Shown::Event)),
        (Some(_), true) => Some(("MODIFIED", Shown::Event)),
        (Some(previous), false) => Some(("DELETED", Shown::Previous(previous))),
        (None, false) => None,
    }
}
