//! The row that describes a controller: its name, what wakes it, what it does.

use std::{collections::HashSet, error::Error as StdError, future::Future, sync::Arc, time::Duration};

use api::{Key, Kind};
use futures::future::BoxFuture;

use crate::{
    Change, Cluster, Informer, Item, Queue, View,
    views::{DefinitionView, MetaView},
};

/// What a reconciliation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Come back when something changes.
    Done,
    /// Come back after this time, or when something changes.
    After(Duration),
}

pub(crate) type Failure = Box<dyn StdError + Send + Sync>;
type Reconcile = Arc<dyn Fn(Cluster, Key) -> BoxFuture<'static, Result<Action, Failure>> + Send + Sync>;
type Wire = Box<dyn Fn(&Cluster, &Arc<Queue<Key>>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Keeps one kind as it should be. Say first which kind: [`Controller::watches`]; then what else wakes it.
pub struct Controller {
    pub(crate) name: &'static str,
    pub(crate) reconcile: Reconcile,
    pub(crate) workers: usize,
    /// The kind whose keys are worked on.
    primary: Option<&'static Kind>,
    /// Each connects one informer to the queue; the future it returns resolves when that informer is synced.
    pub(crate) wires: Vec<Wire>,
}

impl Controller {
    /// `reconcile` gets the key of an object that may be gone by now.
    pub fn new<F, R, E>(name: &'static str, reconcile: F) -> Self
    where
        F: Fn(Cluster, Key) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Action, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        let reconcile: Reconcile = Arc::new(move |cluster, key| {
            let work = reconcile(cluster, key);
            Box::pin(async move { work.await.map_err(|error| Box::new(error) as Failure) })
        });
        Self { name, reconcile, workers: 2, primary: None, wires: Vec::new() }
    }

    /// A change of an object of `V` wakes its own key.
    pub fn watches<V: View>(mut self) -> Self {
        self.primary.get_or_insert(V::KIND);
        self.wire(Cluster::informer::<V>, |_, change| vec![change.key().clone()])
    }

    /// A change of an object of `V` wakes the key of its controlling owner, if that is of the kind watched first.
    pub fn owns<V: View>(self) -> Self {
        let owner = self.primary.expect("`watches` comes before `owns`: it says whose keys are meant");
        self.wire(Cluster::informer::<V>, move |_, change| {
            let mut keys: Vec<Key> = change.sides().filter_map(|item| owner_key(item, owner)).collect();
            keys.dedup();
            keys
        })
    }

    /// A change of an object of `V` wakes the keys that `keys` names. Runs within the informer: it must be quick, and
    /// must not subscribe to anything.
    pub fn maps<V: View>(self, keys: impl Fn(&Cluster, &Change<V>) -> Vec<Key> + Send + Sync + 'static) -> Self {
        self.wire(Cluster::informer::<V>, keys)
    }

    /// The same for any kind, seen through the view that fits all.
    pub fn maps_of(
        self,
        kind: &'static Kind,
        keys: impl Fn(&Cluster, &Change<MetaView>) -> Vec<Key> + Send + Sync + 'static,
    ) -> Self {
        self.wire(move |cluster| cluster.informer_of(kind), keys)
    }

    /// The same for every kind that `fits`, those included that come at run time.
    pub fn maps_all(
        mut self,
        fits: impl Fn(&Kind) -> bool + Send + Sync + 'static,
        keys: impl Fn(&Cluster, &Change<MetaView>) -> Vec<Key> + Send + Sync + 'static,
    ) -> Self {
        let (fits, keys) = (Arc::new(fits), Arc::new(keys));
        self.wires.push(Box::new(move |cluster, queue| {
            let (fits, keys) = (fits.clone(), keys.clone());
            let wire = {
                let (cluster, queue) = (cluster.clone(), Arc::downgrade(queue));
                move |kind: &'static Kind| {
                    let (keys, cluster, queue) = (keys.clone(), cluster.clone(), queue.clone());
                    let informer = cluster.informer_of(kind);
                    informer.observe(move |change| {
                        let Some(queue) = queue.upgrade() else { return false };
                        keys(&cluster, change).into_iter().for_each(|key| queue.add(key));
                        true
                    });
                    informer
                }
            };
            let built_in = api::kinds::ALL.iter().filter(|kind| fits(kind));
            let informers: Vec<Informer<MetaView>> = built_in.map(|kind| wire(kind)).collect();
            let definitions = cluster.informer::<DefinitionView>();
            // A resource keeps its informer when its definition changes, and when it is defined anew.
            let mut known = HashSet::new();
            definitions.observe(move |change| {
                let kind = change.new.as_ref().and_then(|definition| definition.view.preferred());
                if let Some(kind) = kind.filter(|kind| fits(kind) && known.insert((kind.group(), kind.plural))) {
                    wire(kind);
                }
                true
            });
            Box::pin(async move {
                definitions.synced().await;
                for informer in informers {
                    informer.synced().await;
                }
            })
        }));
        self
    }

    /// `reconcile` reads this cache: nothing is done before it is full.
    pub fn reads<V: View>(self) -> Self {
        self.wire(Cluster::informer::<V>, |_, _| Vec::new())
    }

    /// Keys worked on at the same time.
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    fn wire<V: Send + Sync + 'static>(
        mut self,
        informer: impl Fn(&Cluster) -> Informer<V> + Send + Sync + 'static,
        keys: impl Fn(&Cluster, &Change<V>) -> Vec<Key> + Send + Sync + 'static,
    ) -> Self {
        let keys = Arc::new(keys);
        self.wires.push(Box::new(move |cluster, queue| {
            let informer = informer(cluster);
            let (cluster, queue, keys) = (cluster.clone(), Arc::downgrade(queue), keys.clone());
            informer.observe(move |change| {
                let Some(queue) = queue.upgrade() else { return false };
                keys(&cluster, change).into_iter().for_each(|key| queue.add(key));
                true
            });
            Box::pin(async move { informer.synced().await })
        }));
        self
    }
}

fn owner_key<V>(item: &Arc<Item<V>>, kind: &Kind) -> Option<Key> {
    let owner = item.controller().filter(|owner| owner.is(kind))?;
    Some(if kind.namespaced { Key::new(item.namespace(), &owner.name) } else { Key::cluster(&owner.name) })
}
