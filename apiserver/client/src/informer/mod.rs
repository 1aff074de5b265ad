//! A cache of one kind that says what changed: every apply and every delete, in order.

/// The objects and their indices.
mod cache;
/// A subscriber's bounded buffer.
mod changes;
/// Where updates come from: the server's own events, or a watch over HTTPS.
mod source;

use std::{sync::Arc, time::Duration};

use api::{Event, EventKind, Key, Kind, Object, Revision, object::Meta};
use futures::StreamExt;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tracing::Instrument;

use crate::{Cluster, Item, error};
use cache::Cache;
pub use changes::{Changes, Message};
use source::Update;

/// Time before a failed watch is opened again; doubled while it fails, up to the second.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LAST_WAIT: Duration = Duration::from_secs(10);

/// What happened to one object. Never both sides empty.
pub struct Change<V> {
    pub old: Option<Arc<Item<V>>>,
    pub new: Option<Arc<Item<V>>>,
}

/// How a kind becomes views.
pub(crate) struct Reader<V> {
    pub(crate) kind: &'static Kind,
    pub(crate) of: fn(&Object) -> V,
    pub(crate) index: Index<V>,
}

pub(crate) type Index<V> = fn(&V, &Meta) -> Vec<(&'static str, Box<str>)>;
type Observer<V> = Box<dyn FnMut(&Change<V>) -> bool + Send>;

/// A handle; clones share the cache. The task that fills it belongs to the Cluster.
pub struct Informer<V> {
    shared: Arc<Shared<V>>,
}

struct Shared<V> {
    reader: Reader<V>,
    cache: RwLock<Cache<V>>,
    /// Held while an update is made and told, so that nobody who comes in between misses or repeats one.
    /// None when nothing will follow any more.
    observers: Mutex<Option<Vec<Observer<V>>>>,
    /// None until the first list is in.
    seen: watch::Sender<Option<Seen>>,
}

/// How far the cache is.
#[derive(Clone, Copy, Default)]
struct Seen {
    revision: Revision,
    /// How often it was filled anew.
    lists: u64,
}

impl<V> Clone for Informer<V> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<V> Clone for Change<V> {
    fn clone(&self) -> Self {
        Self { old: self.old.clone(), new: self.new.clone() }
    }
}

impl<V> Change<V> {
    pub fn key(&self) -> &Key {
        self.sides().next().expect("a change has an old or a new side").key()
    }

    /// The object as it is now, or as it was last.
    pub fn latest(&self) -> &Arc<Item<V>> {
        self.new.as_ref().or(self.old.as_ref()).expect("a change has an old or a new side")
    }

    /// The old and the new side, as far as there are any.
    pub fn sides(&self) -> impl Iterator<Item = &Arc<Item<V>>> {
        self.old.iter().chain(&self.new)
    }

    pub fn is_delete(&self) -> bool {
        self.new.is_none()
    }
}

impl<V: Send + Sync + 'static> Informer<V> {
    pub(crate) fn start(cluster: &Cluster, reader: Reader<V>) -> Self {
        let span = tracing::info_span!("informer", kind = reader.kind.kind, user = %cluster.identity.name);
        let (seen, _) = watch::channel(None);
        let cache = RwLock::new(Cache::new(reader.index));
        let shared = Arc::new(Shared { reader, cache, observers: Mutex::new(Some(Vec::new())), seen });
        let (kind, source, client) = (shared.reader.kind, cluster.source().clone(), cluster.client.clone());
        let (identity, stop, run) = (cluster.identity.clone(), cluster.stop().clone(), shared.clone());
        let work = async move {
            let _ = stop.run_until_cancelled(run.follow(|| source.updates(client.clone(), identity.clone(), kind))).await;
            // whoever still listens learns that nothing follows
            run.observers.lock().take();
        };
        cluster.tasks().spawn(work.instrument(span));
        Self { shared }
    }

    /// Resolves when the cache has had everything once.
    pub async fn synced(&self) {
        self.wait(|_| true).await;
    }

    /// Resolves when the cache shows the write that was given `revision` (in `resourceVersion`), or something later of
    /// this kind: whoever wrote waits for this before it decides again. A cache that is filled anew meanwhile counts as
    /// well: a list over HTTPS does not tell its revision, and what was written may be deleted by then.
    pub async fn reached(&self, revision: Revision) {
        let lists = self.shared.seen.borrow().unwrap_or_default().lists;
        self.wait(|seen| seen.revision >= revision || (lists > 0 && seen.lists > lists)).await;
    }

    pub fn is_synced(&self) -> bool {
        self.shared.seen.borrow().is_some()
    }

    pub fn get(&self, key: &Key) -> Option<Arc<Item<V>>> {
        self.shared.cache.read().get(key)
    }

    /// Everything, in the order of keys.
    pub fn all(&self) -> Vec<Arc<Item<V>>> {
        self.shared.cache.read().all()
    }

    /// In the order of names.
    pub fn in_namespace(&self, namespace: &str) -> Vec<Arc<Item<V>>> {
        self.shared.cache.read().in_namespace(namespace)
    }

    /// What has `value` in `index`: one of the view's, or `owner` (uid of the controlling owner). In no order.
    pub fn by(&self, index: &'static str, value: &str) -> Vec<Arc<Item<V>>> {
        self.shared.cache.read().by(index, value)
    }

    /// How many have `value` in `index`.
    pub fn count(&self, index: &'static str, value: &str) -> usize {
        self.shared.cache.read().count(index, value)
    }

    pub fn len(&self) -> usize {
        self.shared.cache.read().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes from now on; what is there already is told first, as additions.
    pub fn subscribe(&self) -> Changes<V> {
        let (mut sender, changes) = changes::buffer();
        self.observe(move |change| sender.send(change));
        changes
    }

    /// Calls `observer` with every change, in order and without loss; what is there already is told first. It runs
    /// within the informer's task, so it must only take note: no waiting, no subscribing. False ends it.
    pub(crate) fn observe(&self, mut observer: impl FnMut(&Change<V>) -> bool + Send + 'static) {
        let mut observers = self.shared.observers.lock();
        let Some(observers) = observers.as_mut() else { return };
        let stays = self.all().into_iter().all(|item| observer(&Change { old: None, new: Some(item) }));
        if stays {
            observers.push(Box::new(observer));
        }
    }

    async fn wait(&self, enough: impl Fn(Seen) -> bool) {
        let mut seen = self.shared.seen.subscribe();
        // the sender lives in `self`
        let _ = seen.wait_for(|seen| seen.is_some_and(&enough)).await;
    }
}

impl<V: Send + Sync + 'static> Shared<V> {
    /// Takes updates for ever; opens again whenever they end.
    async fn follow(&self, open: impl Fn() -> source::Updates) {
        let mut wait = FIRST_WAIT;
        loop {
            let mut updates = open();
            while let Some(update) = updates.next().await {
                match update {
                    Ok(update) => {
                        wait = FIRST_WAIT;
                        self.take(update);
                    }
                    Err(error) => tracing::warn!(error = error::chain(&error), "the watch failed, trying again"),
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    fn take(&self, update: Update) {
        let mut observers = self.observers.lock();
        let Some(observers) = observers.as_mut() else { return };
        let (revision, lists) = match update {
            Update::All(revision, objects) => {
                self.replace(&objects).iter().for_each(|change| tell(observers, change));
                (revision, 1)
            }
            Update::Events(events) => {
                for change in events.iter().filter_map(|event| self.apply(event)) {
                    tell(observers, &change);
                }
                (events.last().map(|event| event.revision()).unwrap_or_default(), 0)
            }
        };
        self.seen.send_modify(|seen| {
            let seen = seen.get_or_insert_default();
            *seen = Seen { revision: seen.revision.max(revision), lists: seen.lists + lists };
        });
    }

    fn apply(&self, event: &Event) -> Option<Change<V>> {
        match event.kind {
            EventKind::Deleted => {
                self.cache.write().remove(event.object.key()).map(|old| Change { old: Some(old), new: None })
            }
            EventKind::Added | EventKind::Modified => {
                let new = self.item(&event.object);
                let old = self.cache.write().insert(new.clone());
                Some(Change { old, new: Some(new) })
            }
        }
    }

    /// Makes the cache hold exactly `objects`; says what that changed, deletes first. Views are made before the cache is
    /// locked: readers do not wait for ten thousand of them.
    fn replace(&self, objects: &[Arc<Object>]) -> Vec<Change<V>> {
        let (missing, changed) = {
            let cache = self.cache.read();
            let same = |object: &&Arc<Object>| {
                cache
                    .get(object.key())
                    .is_some_and(|item| item.uid() == &*object.meta.uid && item.revision() == object.revision)
            };
            let changed: Vec<_> = objects.iter().filter(|object| !same(object)).collect();
            (cache.missing(objects), changed)
        };
        let items: Vec<_> = changed.into_iter().map(|object| self.item(object)).collect();
        let mut cache = self.cache.write();
        let gone = missing.iter().filter_map(|key| cache.remove(key));
        let mut changes: Vec<_> = gone.map(|old| Change { old: Some(old), new: None }).collect();
        changes.extend(items.into_iter().map(|new| Change { old: cache.insert(new.clone()), new: Some(new) }));
        changes
    }

    fn item(&self, object: &Arc<Object>) -> Arc<Item<V>> {
        let view = (self.reader.of)(object);
        Arc::new(Item { object: object.clone(), metadata: crate::view::metadata(object), view })
    }
}

fn tell<V>(observers: &mut Vec<Observer<V>>, change: &Change<V>) {
    observers.retain_mut(|observer| observer(change));
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;
