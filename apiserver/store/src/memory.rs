//! What is committed, in memory: all that reads need.

use std::{collections::HashMap, sync::Arc};

use api::{Event, Kind, Object, Revision, kind::Version};

use crate::{
    Error,
    ring::Ring,
    snapshot::{Objects, Snapshot},
};

/// Which resource of the store: an index into what the catalog lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ResourceId(pub(crate) usize);

/// The resources there are rows of: those the store was opened with, those that only the disk knows, and those that were
/// served since. It only grows; who reads one keeps it while the next is made.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
    rows: Vec<Row>,
    ids: HashMap<(&'static str, &'static str), ResourceId>,
    names: HashMap<Arc<str>, ResourceId>,
}

#[derive(Clone)]
struct Row {
    kind: &'static Kind,
    name: Arc<str>,
    /// The revision of the last commit to it.
    waker: Arc<tokio::sync::watch::Sender<Revision>>,
}

/// Stands for the kind of a resource that is on disk and not served yet: a custom one before its definition was read. Its
/// objects are kept as they are.
static UNSERVED: Kind = Kind { versions: &[Version::hub("", "", "")], ..Kind::NAMESPACED };

/// The committed state of all resources, behind one lock: so a list, its revision and the watch that follows it agree.
pub(crate) struct Memory {
    /// Of the last commit.
    pub(crate) revision: Revision,
    /// The log is complete after this revision.
    pub(crate) compacted: Revision,
    resources: Vec<Resource>,
    /// Events kept per resource.
    history: usize,
}

pub(crate) struct Resource {
    pub(crate) objects: Objects,
    pub(crate) ring: Ring,
}

/// One write of a batch: what happened to which resource.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) resource: ResourceId,
    pub(crate) event: Arc<Event>,
}

impl Catalog {
    pub(crate) fn new(kinds: &[&'static Kind], revision: Revision) -> Self {
        let mut catalog = Self::default();
        for kind in kinds {
            catalog.serve(kind, revision);
        }
        catalog
    }

    /// Gives the resource this kind from now on; says which it had before.
    pub(crate) fn serve(&mut self, kind: &'static Kind, revision: Revision) -> (ResourceId, Option<&'static Kind>) {
        let name: Arc<str> = kind.resource().into();
        let known = self.names.get(&name).copied();
        let id = known.unwrap_or_else(|| self.push(name, revision));
        self.ids.insert((kind.group(), kind.plural), id);
        let before = std::mem::replace(&mut self.rows[id.0].kind, kind);
        (id, known.map(|_| before))
    }

    /// The resource of this name, made if there is none yet.
    pub(crate) fn ensure(&mut self, name: &str, revision: Revision) -> ResourceId {
        self.named(name).unwrap_or_else(|| self.push(name.into(), revision))
    }

    fn push(&mut self, name: Arc<str>, revision: Revision) -> ResourceId {
        let id = ResourceId(self.rows.len());
        self.names.insert(Arc::clone(&name), id);
        let waker = Arc::new(tokio::sync::watch::Sender::new(revision));
        self.rows.push(Row { kind: &UNSERVED, name, waker });
        id
    }

    pub(crate) fn id(&self, kind: &Kind) -> Option<ResourceId> {
        self.ids.get(&(kind.group(), kind.plural)).copied()
    }

    pub(crate) fn require(&self, kind: &Kind) -> Result<ResourceId, Error> {
        self.id(kind).ok_or_else(|| Error::UnknownKind { resource: kind.resource() })
    }

    pub(crate) fn named(&self, name: &str) -> Option<ResourceId> {
        self.names.get(name).copied()
    }

    pub(crate) fn kind(&self, id: ResourceId) -> &'static Kind {
        self.rows[id.0].kind
    }

    /// `pods`, `deployments.apps`: how the resource is called on disk.
    pub(crate) fn name(&self, id: ResourceId) -> &Arc<str> {
        &self.rows[id.0].name
    }

    pub(crate) fn waker(&self, id: ResourceId) -> &tokio::sync::watch::Sender<Revision> {
        &self.rows[id.0].waker
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl Memory {
    /// Empty, at `revision`.
    pub(crate) fn new(history: usize, compacted: Revision, revision: Revision) -> Self {
        Self { revision, compacted, resources: Vec::new(), history }
    }

    /// Makes room for `resources` in all; of those that are new there is nothing to be seen up to `since`.
    pub(crate) fn grow(&mut self, resources: usize, since: Revision) {
        let history = self.history;
        let empty = || Resource { objects: Objects::default(), ring: Ring::new(history, since) };
        self.resources.resize_with(resources.max(self.resources.len()), empty);
    }

    pub(crate) fn resource(&self, id: ResourceId) -> &Resource {
        &self.resources[id.0]
    }

    pub(crate) fn resource_mut(&mut self, id: ResourceId) -> &mut Resource {
        &mut self.resources[id.0]
    }

    /// Shows a committed batch. Rings push out what is oldest; `pushed_out` events are freed by the caller.
    pub(crate) fn publish(&mut self, changes: &[Change]) {
        for Change { resource, event } in changes {
            let resource = &mut self.resources[resource.0];
            resource.objects.apply(event);
            resource.ring.push(event.clone());
            self.revision = event.revision();
        }
    }

    /// Forgets the history up to `revision`.
    pub(crate) fn compact(&mut self, revision: Revision) {
        self.compacted = self.compacted.max(revision);
        for resource in &mut self.resources {
            resource.ring.trim(revision);
        }
    }

    pub(crate) fn snapshot(&self, id: ResourceId) -> Snapshot {
        Snapshot::new(self.revision, self.resource(id).objects.clone())
    }

    /// The objects as they were at `revision`, if the ring still knows what happened since.
    pub(crate) fn snapshot_at(&self, id: ResourceId, revision: Revision) -> Option<Snapshot> {
        let resource = self.resource(id);
        let events = resource.ring.back_to(revision)?;
        let mut objects = resource.objects.clone();
        events.for_each(|event| objects.undo(event));
        Some(Snapshot::new(revision, objects))
    }

    pub(crate) fn get(&self, id: ResourceId, key: &api::Key) -> Option<&Arc<Object>> {
        self.resource(id).objects.get(key)
    }
}
