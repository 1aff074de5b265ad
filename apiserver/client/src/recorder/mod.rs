//! Says what happened, as Events: repeats are counted, floods are cut, nobody waits.

/// Which events are the same, and which are too many.
mod correlate;
/// Writes what was decided.
mod write;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use tokio::sync::mpsc;

use crate::{Cluster, Item};

/// Events about one object are written one after the other, those of different objects side by side in this many lanes.
const LANES: usize = 8;
/// Events that wait in a lane; more are dropped.
const LANE_CAPACITY: usize = 1024;

/// A handle; clones share the queue. Its tasks belong to the Cluster, which waits at its shutdown until all is written.
#[derive(Clone)]
pub struct Recorder {
    lanes: Arc<[mpsc::Sender<Note>]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    Normal,
    Warning,
}

/// Something that happened.
#[derive(Clone, Debug)]
struct Note {
    about: ObjectReference,
    kind: EventType,
    reason: String,
    message: String,
    at: Timestamp,
}

/// In whose name events are.
#[derive(Clone, Debug)]
struct Author {
    component: String,
    host: String,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

impl Recorder {
    pub(crate) fn start(cluster: &Cluster, component: &str, host: &str) -> Self {
        let author = Arc::new(Author { component: component.to_owned(), host: host.to_owned() });
        let lane = |_| {
            let (sender, notes) = mpsc::channel(LANE_CAPACITY);
            cluster.tasks().spawn(write::run(cluster.client.clone(), author.clone(), notes, cluster.stop().clone()));
            sender
        };
        Self { lanes: (0..LANES).map(lane).collect() }
    }

    /// Notes that `reason` happened to `about`. Never waits: when the queue is full the event is dropped.
    pub fn event(&self, about: &ObjectReference, kind: EventType, reason: &str, message: impl Into<String>) {
        let mut hasher = DefaultHasher::new();
        (&about.uid, &about.namespace, &about.name).hash(&mut hasher);
        let lane = &self.lanes[hasher.finish() as usize % self.lanes.len()];
        let note =
            Note { about: about.clone(), kind, reason: reason.to_owned(), message: message.into(), at: Timestamp::now() };
        if lane.try_send(note).is_err() {
            tracing::debug!(reason, name = about.name, "event dropped, too many are waiting");
        }
    }
}

impl<V> Item<V> {
    /// What an event about this object refers to.
    pub fn reference(&self, kind: &api::Kind) -> ObjectReference {
        ObjectReference {
            api_version: Some(kind.hub().api_version()),
            kind: Some(kind.kind.to_owned()),
            namespace: Some(self.namespace().to_owned()).filter(|namespace| !namespace.is_empty()),
            name: Some(self.name().to_owned()),
            uid: Some(self.uid().to_owned()),
            resource_version: Some(self.revision().to_string()),
            field_path: None,
        }
    }
}

/// What an event about a typed object refers to.
pub fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    object.object_ref(&())
}
