//! What is committed, in memory: all that reads need.

use std::{collections::HashMap, sync::Arc};

use api::{Event, Kind, Object, Revision};

use crate::{
    Error,
    ring::Ring,
    snapshot::{Objects, Snapshot},
};

/// Which resource of the store: an index into what the catalog lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ResourceId(pub(crate) usize);

/// The resources the store was opened with; never changes.
pub(crate) struct Catalog {
    rows: Vec<(&'static Kind, Arc<str>)>,
    ids: HashMap<(&'static str, &'static str), ResourceId>,
    names: HashMap<Arc<str>, ResourceId>,
}

/// The committed state of all resources, behind one lock: so a list, its revision and the watch that follows it agree.
pub(crate) struct Memory {
    /// Of the last commit.
    pub(crate) revision: Revision,
    /// The log is complete after this revision.
    pub(crate) compacted: Revision,
    resources: Vec<Resource>,
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
    pub(crate) fn new(kinds: &[&'static Kind]) -> Self {
        let rows: Vec<_> = kinds.iter().map(|kind| (*kind, Arc::from(kind.resource()))).collect();
        let ids = kinds.iter().enumerate().map(|(id, kind)| ((kind.group(), kind.plural), ResourceId(id))).collect();
        let names = rows.iter().enumerate().map(|(id, (_, name))| (Arc::clone(name), ResourceId(id))).collect();
        Self { rows, ids, names }
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
        self.rows[id.0].0
    }

    /// `pods`, `deployments.apps`: how the resource is called on disk.
    pub(crate) fn name(&self, id: ResourceId) -> &Arc<str> {
        &self.rows[id.0].1
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl Memory {
    /// Empty, at `revision`, with nothing to be seen of what happened up to `since`.
    pub(crate) fn new(resources: usize, history: usize, compacted: Revision, since: Revision, revision: Revision) -> Self {
        let empty = || Resource { objects: Objects::default(), ring: Ring::new(history, since) };
        Self { revision, compacted, resources: std::iter::repeat_with(empty).take(resources).collect() }
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
