//! An API in memory, as much of it as a kubelet needs: objects, merge patches, the feed.

use std::{collections::BTreeMap, sync::Arc};

use api::{Draft, Event, EventKind, Feed, Identity, Key, Kind, Object, Opened, Revision, Status, kinds};
use bytes::Bytes;
use client::{Cluster, Source};
use futures::{FutureExt, future::BoxFuture};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

const STRATEGIC: &str = "application/strategic-merge-patch+json";

type Batch = Vec<Arc<Event>>;

#[derive(Clone)]
pub(super) struct World(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    revision: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<(&'static str, Key), Arc<Object>>,
    watchers: Vec<(&'static str, mpsc::Sender<Batch>)>,
}

impl World {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), revision: watch::Sender::new(0) }))
    }

    pub(super) fn cluster(&self, node: &str) -> Cluster {
        let world = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let world = world.clone();
            async move { Ok::<_, std::convert::Infallible>(world.answer(request).await) }
        });
        let client = kube::Client::new(service, "default");
        Cluster::new(client, Source::Feed(Arc::new(self.clone())), Identity::node(node))
    }

    /// Writes `value`, whatever was there.
    pub(super) fn put(&self, kind: &'static Kind, value: Value) -> Value {
        let mut state = self.0.state.lock();
        let revision = Revision(*self.0.revision.borrow() + 1);
        let object = Arc::new(Draft::new(kind, value).commit(revision));
        let previous = state.objects.insert((kind.plural, object.key().clone()), Arc::clone(&object));
        let event = if previous.is_some() { EventKind::Modified } else { EventKind::Added };
        state.tell(kind, Event { kind: event, object: Arc::clone(&object), previous });
        self.0.revision.send_replace(revision.0);
        object.value()
    }

    pub(super) fn get(&self, kind: &'static Kind, key: &Key) -> Option<Value> {
        self.0.state.lock().objects.get(&(kind.plural, key.clone())).map(|object| object.value())
    }

    pub(super) fn all(&self, kind: &'static Kind) -> Vec<Value> {
        let state = self.0.state.lock();
        state.objects.iter().filter(|((plural, _), _)| *plural == kind.plural).map(|(_, object)| object.value()).collect()
    }

    pub(super) fn remove(&self, kind: &'static Kind, key: &Key) -> Option<Value> {
        let mut state = self.0.state.lock();
        let object = state.objects.remove(&(kind.plural, key.clone()))?;
        let revision = Revision(*self.0.revision.borrow() + 1);
        let gone = Arc::new(object.at(kind, revision));
        state.tell(kind, Event { kind: EventKind::Deleted, object: gone, previous: Some(Arc::clone(&object)) });
        self.0.revision.send_replace(revision.0);
        Some(object.value())
    }

    /// Waits for a write after which `look` finds something.
    pub(super) async fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let mut revision = self.0.revision.subscribe();
        let wait = async {
            loop {
                revision.borrow_and_update();
                if let Some(found) = look(self) {
                    return found;
                }
                revision.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(std::time::Duration::from_secs(60), wait).await {
            Ok(found) => found,
            Err(_) => panic!("waited too long for {what}: {:#?}", self.all(&kinds::POD)),
        }
    }

    async fn answer(&self, request: Request<kube::client::Body>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap_or_default();
        let path: Vec<&str> = parts.uri.path().trim_start_matches('/').split('/').collect();
        let (group, version, rest) = match path.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            other => panic!("no such path {other:?}"),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let kind = kinds::find(group, version, rest[0]).unwrap();
        let key = Key::new(namespace, rest.get(1).copied().unwrap_or_default());
        let there = self.get(kind, &key);
        let not_found = || Err(Status::not_found(kind, &key.name));
        let answer = match parts.method {
            Method::GET => there.map_or_else(not_found, Ok),
            Method::POST => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                match self.get(kind, &Key::new(namespace, name)) {
                    Some(_) => Err(Status::already_exists(kind, name)),
                    None => Ok(self.put(kind, body)),
                }
            }
            Method::PATCH => {
                let strategic = parts.headers.get("content-type").is_some_and(|kind| kind == STRATEGIC);
                there.map_or_else(not_found, |old| {
                    let schema = api::schema::find_kind(group, version, kind.kind).unwrap();
                    let merged =
                        if strategic { api::patch::strategic(schema, &old, &body)? } else { api::patch::merge(&old, &body) };
                    Ok(self.put(kind, merged))
                })
            }
            Method::DELETE => self.remove(kind, &key).map_or_else(not_found, Ok),
            other => panic!("no such verb {other}"),
        };
        let (code, value) = match answer {
            Ok(value) => (200, value),
            Err(status) => (status.code, status.to_json()),
        };
        Response::builder().status(code).body(Full::new(value.to_string().into())).unwrap()
    }
}

impl State {
    fn tell(&mut self, kind: &'static Kind, event: Event) {
        let event = Arc::new(event);
        self.watchers
            .retain(|(plural, watcher)| *plural != kind.plural || watcher.try_send(vec![Arc::clone(&event)]).is_ok());
    }
}

impl Feed for World {
    fn open(&self, _identity: Arc<Identity>, kind: &'static Kind) -> BoxFuture<'static, Result<Opened, Status>> {
        let mut state = self.0.state.lock();
        let (sender, receiver) = mpsc::channel(1024);
        state.watchers.push((kind.plural, sender));
        let of_kind = state.objects.iter().filter(|((plural, _), _)| *plural == kind.plural);
        let objects = of_kind.map(|(_, object)| Arc::clone(object)).collect();
        let revision = Revision(*self.0.revision.borrow());
        let stream = futures::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
        async move { Ok(Opened { revision, objects, events: Box::pin(stream) }) }.boxed()
    }
}

/// A pod bound to `node`, as the API would have it.
pub(super) fn pod(node: &str, name: &str, containers: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "default", "uid": format!("uid-{name}"), "generation": 1 },
        "spec": { "nodeName": node, "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "containers": containers },
        "status": { "phase": "Pending" }
    })
}
