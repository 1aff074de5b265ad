//! The objects of one kind and their indices.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
    hash::{Hash, Hasher},
    ops::Bound,
    sync::Arc,
};

use api::{Key, Object};

use super::Index;
use crate::Item;

const OWNER: &str = "owner";
/// The built-in index by namespace of what has no controlling owner: who looks for something to adopt need not read all.
const ORPHANS: &str = "orphans";

pub(super) struct Cache<V> {
    index: Index<V>,
    items: BTreeSet<ByKey<V>>,
    /// By index, then by value.
    indices: HashMap<&'static str, HashMap<Box<str>, HashSet<ByKey<V>>>>,
}

/// An item that stands for its key in sets: the key is kept once.
struct ByKey<V>(Arc<Item<V>>);

impl<V> Cache<V> {
    pub(super) fn new(index: Index<V>) -> Self {
        Self { index, items: BTreeSet::new(), indices: HashMap::new() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Item<V>>> {
        self.items.get(key).map(|item| item.0.clone())
    }

    pub(super) fn all(&self) -> Vec<Arc<Item<V>>> {
        self.items.iter().map(|item| item.0.clone()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> Vec<Arc<Item<V>>> {
        // no name is empty, so this key stands before all of its namespace
        let start = Key::new(namespace, "");
        self.items
            .range::<Key, _>((Bound::Excluded(&start), Bound::Unbounded))
            .take_while(|item| item.0.namespace() == namespace)
            .map(|item| item.0.clone())
            .collect()
    }

    pub(super) fn by(&self, index: &'static str, value: &str) -> Vec<Arc<Item<V>>> {
        let items = self.indices.get(index).and_then(|values| values.get(value));
        items.map(|items| items.iter().map(|item| item.0.clone()).collect()).unwrap_or_default()
    }

    pub(super) fn count(&self, index: &'static str, value: &str) -> usize {
        self.indices.get(index).and_then(|values| values.get(value)).map_or(0, HashSet::len)
    }

    /// Returns what stood there.
    pub(super) fn insert(&mut self, new: Arc<Item<V>>) -> Option<Arc<Item<V>>> {
        let old = self.items.replace(ByKey(new.clone())).map(|old| old.0);
        if let Some(old) = &old {
            self.unindex(old);
        }
        for (index, value) in self.entries(&new) {
            self.indices.entry(index).or_default().entry(value).or_default().insert(ByKey(new.clone()));
        }
        old
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<Item<V>>> {
        let old = self.items.take(key)?.0;
        self.unindex(&old);
        Some(old)
    }

    /// Keys of items that are not among `objects`, or that are another object under the same name now.
    pub(super) fn missing(&self, objects: &[Arc<Object>]) -> Vec<Key> {
        let there: HashMap<&Key, &str> = objects.iter().map(|object| (object.key(), &*object.meta.uid)).collect();
        let gone = self.items.iter().filter(|item| there.get(item.0.key()).is_none_or(|uid| *uid != item.0.uid()));
        gone.map(|item| item.0.key().clone()).collect()
    }

    fn unindex(&mut self, old: &Item<V>) {
        for (index, value) in self.entries(old) {
            let Some(values) = self.indices.get_mut(index) else { continue };
            let Some(items) = values.get_mut(&value) else { continue };
            items.remove(old.key());
            if items.is_empty() {
                values.remove(&value);
            }
        }
    }

    fn entries(&self, item: &Item<V>) -> Vec<(&'static str, Box<str>)> {
        let mut entries = (self.index)(&item.view, &item.object.meta);
        entries.push(match item.controller() {
            Some(owner) => (OWNER, owner.uid.clone()),
            None => (ORPHANS, item.namespace().into()),
        });
        entries
    }
}

impl<V> Borrow<Key> for ByKey<V> {
    fn borrow(&self) -> &Key {
        self.0.key()
    }
}

impl<V> PartialEq for ByKey<V> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<V> Eq for ByKey<V> {}

impl<V> PartialOrd for ByKey<V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<V> Ord for ByKey<V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key().cmp(other.0.key())
    }
}

impl<V> Hash for ByKey<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}
