//! Where an informer's updates come from: the server's own events, or a watch over HTTPS.

use std::sync::Arc;

use api::{Draft, Event, EventKind, Feed, Identity, Kind, Object, Revision};
use futures::{FutureExt, Stream, StreamExt, stream::BoxStream};
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
    runtime::{WatchStreamExt, watcher},
};

use crate::{Error, Source};

pub(super) enum Update {
    /// Everything there is, as of a revision.
    All(Revision, Vec<Arc<Object>>),
    /// What happened after that, in order.
    Events(Vec<Arc<Event>>),
}

/// Ends, or fails, when it has to be opened again.
pub(super) type Updates = BoxStream<'static, Result<Update, Error>>;

impl Source {
    pub(super) fn updates(&self, client: kube::Client, identity: Arc<Identity>, kind: &'static Kind) -> Updates {
        match self {
            Self::Feed(feed) => fed(feed.as_ref(), identity, kind).boxed(),
            Self::Watch => watched(client, kind).boxed(),
        }
    }
}

fn fed(
    feed: &dyn Feed,
    identity: Arc<Identity>,
    kind: &'static Kind,
) -> impl Stream<Item = Result<Update, Error>> + Send + use<> {
    let opened = feed.open(identity, kind).map(move |opened| match opened {
        Ok(opened) => {
            let first = Update::All(opened.revision, opened.objects);
            let first = futures::stream::once(futures::future::ready(Ok(first)));
            first.chain(opened.events.map(|events| Ok(Update::Events(events)))).boxed()
        }
        Err(status) => {
            let error = Error::Open { kind: kind.kind, source: Box::new(status) };
            futures::stream::once(futures::future::ready(Err(error))).boxed()
        }
    });
    opened.flatten_stream()
}

/// kube resumes, and lists again after a 410; a new list arrives as one [`Update::All`], from which the informer tells
/// what was deleted meanwhile.
fn watched(client: kube::Client, kind: &'static Kind) -> impl Stream<Item = Result<Update, Error>> + Send {
    let hub = kind.hub();
    let gvk = GroupVersionKind::gvk(hub.group, hub.version, kind.kind);
    let api: Api<DynamicObject> = Api::all_with(client, &ApiResource::from_gvk_with_plural(&gvk, kind.plural));
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let mut listed: Vec<Arc<Object>> = Vec::new();
    events.filter_map(move |event| {
        let update = match event {
            Ok(watcher::Event::Init) => {
                listed.clear();
                None
            }
            Ok(watcher::Event::InitApply(object)) => {
                listed.push(committed(kind, &object));
                None
            }
            Ok(watcher::Event::InitDone) => {
                let objects = std::mem::take(&mut listed);
                let newest = objects.iter().map(|object| object.revision).max().unwrap_or_default();
                Some(Ok(Update::All(newest, objects)))
            }
            Ok(watcher::Event::Apply(object)) => Some(Ok(single(kind, EventKind::Modified, &object))),
            Ok(watcher::Event::Delete(object)) => Some(Ok(single(kind, EventKind::Deleted, &object))),
            Err(error) => Some(Err(Error::Watch { kind: kind.kind, source: Box::new(error) })),
        };
        futures::future::ready(update)
    })
}

fn single(kind: &Kind, what: EventKind, object: &DynamicObject) -> Update {
    Update::Events(vec![Arc::new(Event { kind: what, object: committed(kind, object), previous: None })])
}

fn committed(kind: &Kind, object: &DynamicObject) -> Arc<Object> {
    let version = object.metadata.resource_version.as_deref().and_then(|version| version.parse().ok());
    let value = serde_json::to_value(object).expect("a decoded object is JSON");
    Arc::new(Draft::new(kind, value).commit(Revision(version.unwrap_or_default())))
}
