//! The store's events for clients in the process, shared and not copied.

use std::sync::Arc;

use api::{Event, Feed, Identity, Kind, Opened, Status};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};

use crate::{app::App, authorization, request_info::RequestInfo, response};

pub(crate) struct StoreFeed {
    app: Arc<App>,
}

impl StoreFeed {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl Feed for StoreFeed {
    fn open(&self, identity: Arc<Identity>, kind: &'static Kind) -> BoxFuture<'static, Result<Opened, Status>> {
        let app = self.app.clone();
        async move { open(&app, &identity, kind) }.boxed()
    }
}

fn open(app: &App, identity: &Identity, kind: &'static Kind) -> Result<Opened, Status> {
    for verb in ["list", "watch"] {
        let (group, resource) = (kind.group().to_owned(), kind.plural.to_owned());
        let version = kind.hub().version.to_owned();
        let info = RequestInfo { verb, group, version, resource, ..RequestInfo::default() };
        authorization::authorize(app, identity, &info, "")?;
    }
    let snapshot = app.store.snapshot(kind);
    let revision = snapshot.revision();
    let objects = snapshot.iter_from(None).cloned().collect();
    let watch = app.store.watch(kind, revision).map_err(|error| response::refused(kind, "", &error))?;
    let events = stream::unfold(watch, |mut watch| async move {
        let batch: Vec<Arc<Event>> = watch.next().await.ok()?;
        Some((batch, watch))
    });
    // A stopping server ends the feed, also for a watcher to whom nothing happens.
    let events = events.take_until(app.stop.clone().cancelled_owned()).boxed();
    Ok(Opened { revision, objects, events })
}
