//! A server in memory: the same objects by feed and by list and watch over HTTP.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use api::{Draft, Event, EventKind, Feed, Identity, Key, Kind, Object, Opened, Revision, Status};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::{Cluster, Source};

#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

struct State {
    revision: u64,
    objects: BTreeMap<Key, Arc<Object>>,
    log: Vec<Arc<Event>>,
    /// Watches from before this revision get a 410.
    compacted: u64,
    watchers: Vec<mpsc::Sender<Arc<Event>>>,
    watched: watch::Sender<bool>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            revision: 1,
            objects: BTreeMap::new(),
            log: Vec::new(),
            compacted: 0,
            watchers: Vec::new(),
            watched: watch::channel(false).0,
        }
    }
}

impl World {
    pub(crate) fn fed(&self) -> Cluster {
        Cluster::new(self.client(), Source::Feed(Arc::new(self.clone())), Identity::default())
    }

    pub(crate) fn served(&self) -> Cluster {
        Cluster::new(self.client(), Source::Watch, Identity::default())
    }

    pub(crate) fn apply(&self, name: &str) {
        self.write(name, json!({}));
    }

    pub(crate) fn apply_owned(&self, name: &str, owner: &str) {
        self.write(name, json!([{ "apiVersion": "v1", "kind": "Node", "name": "n", "uid": owner, "controller": true }]));
    }

    pub(crate) fn delete(&self, name: &str) {
        let mut state = self.0.lock();
        let Some(old) = state.objects.remove(&Key::new("default", name)) else { return };
        state.revision += 1;
        let last = Arc::new(old.at(&api::kinds::CONFIG_MAP, Revision(state.revision)));
        state.tell(EventKind::Deleted, last, Some(old));
    }

    pub(crate) fn disconnect(&self) {
        self.0.lock().watchers.clear();
    }

    pub(crate) fn compact(&self) {
        let mut state = self.0.lock();
        state.watchers.clear();
        state.compacted = state.revision;
    }

    pub(crate) fn revision(&self) -> Revision {
        Revision(self.0.lock().revision)
    }

    pub(crate) fn objects(&self) -> BTreeMap<Key, u64> {
        self.0.lock().objects.iter().map(|(key, object)| (key.clone(), object.revision.0)).collect()
    }

    /// Keys and revisions of all events; none for a delete.
    pub(crate) fn history(&self) -> Vec<(Key, Option<u64>)> {
        let state = self.0.lock();
        let left = |event: &Event| (event.kind != EventKind::Deleted).then_some(event.revision().0);
        state.log.iter().map(|event| (event.object.key().clone(), left(event))).collect()
    }

    /// Resolves when the first watch is open.
    pub(crate) async fn watched(&self) {
        let mut watched = self.0.lock().watched.subscribe();
        watched.wait_for(|watched| *watched).await.unwrap();
    }

    fn write(&self, name: &str, owners: serde_json::Value) {
        let mut state = self.0.lock();
        state.revision += 1;
        let (revision, key) = (state.revision, Key::new("default", name));
        let old = state.objects.get(&key).cloned();
        let uid = old.as_ref().map_or_else(|| format!("uid-{revision}"), |old| old.meta.uid.to_string());
        let mut value = json!({ "metadata": { "name": name, "namespace": "default", "uid": uid } });
        if owners.is_array() {
            value["metadata"]["ownerReferences"] = owners;
        }
        let new = Arc::new(Draft::new(&api::kinds::CONFIG_MAP, value).commit(Revision(revision)));
        state.objects.insert(key, new.clone());
        state.tell(if old.is_some() { EventKind::Modified } else { EventKind::Added }, new, old);
    }

    fn client(&self) -> kube::Client {
        let world = self.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            futures::future::ready(Ok::<_, Infallible>(world.answer(request.uri().query().unwrap_or_default())))
        });
        kube::Client::new(service, "default")
    }

    fn answer(&self, query: &str) -> http::Response<UnsyncBoxBody<Bytes, Infallible>> {
        let mut state = self.0.lock();
        if !query.contains("watch=") {
            let items: Vec<_> = state.objects.values().map(|object| object.value()).collect();
            let list = json!({
                "apiVersion": "v1", "kind": "ConfigMapList", "items": items,
                "metadata": { "resourceVersion": state.revision.to_string() },
            });
            return http::Response::new(Full::new(Bytes::from(list.to_string())).boxed_unsync());
        }
        let after = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion=")).unwrap_or("0");
        let after: u64 = after.parse().unwrap();
        if after < state.compacted {
            let gone = json!({ "type": "ERROR", "object": Status::expired("too old").to_json() });
            return http::Response::new(Full::new(Bytes::from(format!("{gone}\n"))).boxed_unsync());
        }
        let events = state.events(after);
        http::Response::new(StreamBody::new(events.map(|event| Ok(http_body::Frame::data(line(&event))))).boxed_unsync())
    }
}

impl State {
    fn tell(&mut self, kind: EventKind, object: Arc<Object>, previous: Option<Arc<Object>>) {
        let event = Arc::new(Event { kind, object, previous });
        self.log.push(event.clone());
        self.watchers.retain(|watcher| watcher.try_send(event.clone()).is_ok());
    }

    fn events(&mut self, after: u64) -> stream::BoxStream<'static, Arc<Event>> {
        let (sender, events) = mpsc::channel(8192);
        self.watchers.push(sender);
        self.watched.send_replace(true);
        let past: Vec<_> = self.log.iter().filter(|event| event.revision().0 > after).cloned().collect();
        let live = stream::unfold(events, |mut events| async move { Some((events.recv().await?, events)) });
        stream::iter(past).chain(live).boxed()
    }
}

impl Feed for World {
    fn open(&self, _: Arc<Identity>, _: &'static Kind) -> BoxFuture<'static, Result<Opened, Status>> {
        let mut state = self.0.lock();
        let revision = state.revision;
        let opened = Opened {
            revision: Revision(revision),
            objects: state.objects.values().cloned().collect(),
            events: state.events(revision).map(|event| vec![event]).boxed(),
        };
        futures::future::ready(Ok(opened)).boxed()
    }
}

fn line(event: &Event) -> Bytes {
    let kind = match event.kind {
        EventKind::Added => "ADDED",
        EventKind::Modified => "MODIFIED",
        EventKind::Deleted => "DELETED",
    };
    format!("{}\n", json!({ "type": kind, "object": event.object.value() })).into()
}
