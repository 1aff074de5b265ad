//! All objects of a resource as they were at one revision.

use std::{borrow::Borrow, cmp::Ordering, ops::Bound, sync::Arc};

use api::{Event, Key, Object, Revision};
use imbl::OrdSet;

/// Cheap to make and to clone: the map is persistent and shared with the store.
#[derive(Clone, Debug)]
pub struct Snapshot {
    revision: Revision,
    objects: Objects,
}

/// The objects of a resource by key; the key is read out of the object, not kept beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects(OrdSet<ByKey>);

#[derive(Clone, Debug)]
struct ByKey(Arc<Object>);

impl Snapshot {
    pub(crate) fn new(revision: Revision, objects: Objects) -> Self {
        Self { revision, objects }
    }

    /// The revision of the whole cluster at which this is the truth.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// In the order of keys, from `start` (inclusive) or the beginning.
    pub fn iter_from<'a>(&'a self, start: Option<&'a Key>) -> impl Iterator<Item = &'a Arc<Object>> {
        self.objects.from(start)
    }

    /// The objects of one namespace, in the order of names.
    pub fn namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.objects.namespace(namespace)
    }

    pub fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    pub fn len(&self) -> usize {
        self.objects.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.0.is_empty()
    }
}

impl Objects {
    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.0.get(key).map(|entry| &entry.0)
    }

    pub(crate) fn insert(&mut self, object: Arc<Object>) {
        self.0.insert(ByKey(object));
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match event.kind {
            api::EventKind::Deleted => {
                self.0.remove(event.object.key());
            }
            api::EventKind::Added | api::EventKind::Modified => self.insert(event.object.clone()),
        }
    }

    /// Takes `event` back: afterwards the objects are as they were before it.
    pub(crate) fn undo(&mut self, event: &Event) {
        match &event.previous {
            Some(previous) => self.insert(previous.clone()),
            None => {
                self.0.remove(event.object.key());
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.0.iter().map(|entry| &entry.0)
    }

    fn from<'a>(&'a self, start: Option<&'a Key>) -> impl Iterator<Item = &'a Arc<Object>> {
        let start = start.map_or(Bound::Unbounded, Bound::Included);
        self.0.range::<_, Key>((start, Bound::Unbounded)).map(|entry| &entry.0)
    }

    fn namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.0
            .range::<_, Key>(Key::new(namespace, "")..)
            .map(|entry| &entry.0)
            .take_while(move |object| &*object.key().namespace == namespace)
    }
}

impl Borrow<Key> for ByKey {
    fn borrow(&self) -> &Key {
        self.0.key()
    }
}

impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key().cmp(other.0.key())
    }
}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByKey {}
