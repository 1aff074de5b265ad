//! A server in memory that knows as much as the scheduler asks of one: pods, nodes, bindings and refusals.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use api::{Draft, Event, EventKind, Feed, Identity, Key, Kind, Object, Opened, Revision, Status};
use client::{Cluster, Source};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

#[derive(Clone, Default)]
pub(super) struct World(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    revision: u64,
    objects: BTreeMap<(&'static str, Key), Arc<Object>>,
    watchers: Vec<(&'static str, mpsc::Sender<Arc<Event>>)>,
    /// Reasons and messages of events.
    told: Vec<(String, String)>,
    changed: watch::Sender<()>,
}

impl World {
    pub(super) fn cluster(&self) -> Cluster {
        let world = self.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let world = world.clone();
            async move {
                let path = request.uri().path().to_owned();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let (code, answer) = world.answer(&path, &serde_json::from_slice(&body).unwrap());
                let body = Full::new(bytes::Bytes::from(answer.to_string()));
                Ok::<_, Infallible>(http::Response::builder().status(code).body(body).unwrap())
            }
        });
        let client = kube::Client::new(service, "default");
        Cluster::new(client, Source::Feed(Arc::new(self.clone())), Identity::default())
    }

    pub(super) fn node(&self, name: &str, cpu: &str) {
        let allocatable = json!({ "cpu": cpu, "memory": "64Gi", "pods": "10000" });
        let node = json!({ "metadata": { "name": name, "uid": name }, "status": { "allocatable": allocatable } });
        self.0.lock().write(&api::kinds::NODE, node);
    }

    pub(super) fn pod(&self, name: &str, cpu: &str) {
        let pod = json!({
            "metadata": { "name": name, "namespace": "default", "uid": name, "generation": 1 },
            "spec": {
                "schedulerName": "default-scheduler",
                "containers": [{ "name": "c", "resources": { "requests": { "cpu": cpu } } }],
            },
        });
        self.0.lock().write(&api::kinds::POD, pod);
    }

    pub(super) fn delete_pod(&self, name: &str) {
        let mut state = self.0.lock();
        let Some(old) = state.objects.remove(&("pods", Key::new("default", name))) else { return };
        state.revision += 1;
        let object = Arc::new(old.at(&api::kinds::POD, Revision(state.revision)));
        state.tell("pods", Event { kind: EventKind::Deleted, object, previous: Some(old) });
    }

    pub(super) fn get(&self, name: &str) -> Value {
        self.0.lock().objects[&("pods", Key::new("default", name))].value()
    }

    /// Resolves when `enough` holds of all pods, and gives them.
    pub(super) async fn until(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut changed = self.0.lock().changed.subscribe();
        let wait = async {
            loop {
                let pods = self.pods();
                if enough(&pods) {
                    return pods;
                }
                changed.changed().await.unwrap();
                // looking costs more than scheduling does: let some more happen
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.expect("must come about")
    }

    pub(super) fn told(&self) -> Vec<(String, String)> {
        self.0.lock().told.clone()
    }

    fn pods(&self) -> Vec<Value> {
        let state = self.0.lock();
        state.objects.iter().filter(|((kind, _), _)| *kind == "pods").map(|(_, object)| object.value()).collect()
    }

    fn answer(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut state = self.0.lock();
        let parts: Vec<&str> = path.trim_start_matches("/api/v1/namespaces/default/").split('/').collect();
        let (name, change): (_, fn(&mut Value, &Value)) = match parts.as_slice() {
            ["pods", name, "binding"] => (name, |pod, body| pod["spec"]["nodeName"] = body["target"]["name"].clone()),
            ["pods", name, "status"] => (name, |pod, body| pod["status"] = body["status"].clone()),
            _ => {
                let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
                state.told.push((text("reason"), text("message")));
                return (201, body.clone());
            }
        };
        match state.objects.get(&("pods", Key::new("default", name))).map(|pod| pod.value()) {
            Some(mut pod) => {
                change(&mut pod, body);
                state.write(&api::kinds::POD, pod);
                (201, json!({ "kind": "Status", "apiVersion": "v1", "status": "Success" }))
            }
            None => (404, Status::not_found(&api::kinds::POD, name).to_json()),
        }
    }
}

impl State {
    fn write(&mut self, kind: &'static Kind, value: Value) {
        self.revision += 1;
        let object = Arc::new(Draft::new(kind, value).commit(Revision(self.revision)));
        let previous = self.objects.insert((kind.plural, object.key().clone()), object.clone());
        let what = if previous.is_some() { EventKind::Modified } else { EventKind::Added };
        self.tell(kind.plural, Event { kind: what, object, previous });
    }

    fn tell(&mut self, plural: &str, event: Event) {
        let event = Arc::new(event);
        let hears = |(kind, watcher): &(&str, mpsc::Sender<_>)| *kind != plural || watcher.try_send(event.clone()).is_ok();
        self.watchers.retain(hears);
        self.changed.send_replace(());
    }
}

impl Feed for World {
    fn open(&self, _: Arc<Identity>, kind: &'static Kind) -> BoxFuture<'static, Result<Opened, Status>> {
        let mut state = self.0.lock();
        let (sender, events) = mpsc::channel(65_536);
        state.watchers.push((kind.plural, sender));
        let objects = state.objects.iter().filter(|((plural, _), _)| *plural == kind.plural);
        let events = stream::unfold(events, |mut events| async move { Some((vec![events.recv().await?], events)) });
        let opened = Opened {
            revision: Revision(state.revision),
            objects: objects.map(|(_, object)| object.clone()).collect(),
            events: events.boxed(),
        };
        futures::future::ready(Ok(opened)).boxed()
    }
}
