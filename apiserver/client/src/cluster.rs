//! What every client is given: the connection, who it is, its informers and its tasks.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use api::{Feed, Identity, Kind};
use k8s_openapi::NamespaceResourceScope;
use kube::{Api, Resource};
use parking_lot::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Informer, Recorder, View,
    informer::Reader,
    views::{DefinitionView, MetaView},
};

/// How informers learn what is there.
#[derive(Clone)]
pub enum Source {
    /// In the API server's process: its own events, shared.
    Feed(Arc<dyn Feed>),
    /// From anywhere else: list and watch through the client.
    Watch,
}

/// A connection to the API as somebody. Clones share it: informers are started on first use, one per kind and view, and
/// end with [`Cluster::shutdown`].
#[derive(Clone)]
pub struct Cluster {
    pub client: kube::Client,
    pub identity: Arc<Identity>,
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    informers: Mutex<HashMap<InformerId, Arc<dyn Any + Send + Sync>>>,
    /// By component and host.
    recorders: Mutex<HashMap<(String, String), Recorder>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Type of the view, group and plural of the kind.
type InformerId = (TypeId, &'static str, &'static str);

impl Cluster {
    pub fn new(client: kube::Client, source: Source, identity: Identity) -> Self {
        let shared = Shared {
            source,
            informers: Mutex::default(),
            recorders: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self { client, identity: Arc::new(identity), shared: Arc::new(shared) }
    }

    /// The objects of one namespace.
    pub fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The objects of all namespaces, or those outside namespaces.
    pub fn all<K>(&self) -> Api<K>
    where
        K: Resource,
        K::DynamicType: Default,
    {
        Api::all(self.client.clone())
    }

    /// The cache of `V`'s kind, shared by all who ask this Cluster.
    pub fn informer<V: View>(&self) -> Informer<V> {
        self.informer_with(Reader { kind: V::KIND, of: V::of, index: V::index })
    }

    /// The cache of any kind, with the view that fits all.
    pub fn informer_of(&self, kind: &'static Kind) -> Informer<MetaView> {
        self.informer_with(Reader { kind, of: MetaView::of, index: MetaView::index })
    }

    /// Every kind there is, one row for each resource: the built-in ones, and those of definitions as far as the cache of
    /// definitions shows them.
    pub fn kinds(&self) -> Vec<&'static Kind> {
        let custom = self.informer::<DefinitionView>().all();
        api::kinds::ALL.iter().copied().chain(custom.iter().filter_map(|definition| definition.view.preferred())).collect()
    }

    /// The row whose objects say `apiVersion: group/version` and `kind: kind`.
    pub fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
        api::kinds::by_kind(group, version, kind).or_else(|| {
            let speaks = |row: &&'static Kind| row.group() == group && row.hub().version == version && row.kind == kind;
            let definitions = self.informer::<DefinitionView>().all();
            definitions.iter().flat_map(|definition| definition.view.rows()).find(speaks)
        })
    }

    /// Says what happened, in the name of `component` on `host` (empty if it has none). The same pair shares one recorder.
    pub fn recorder(&self, component: &str, host: &str) -> Recorder {
        let mut recorders = self.shared.recorders.lock();
        let recorder = recorders.entry((component.to_owned(), host.to_owned()));
        recorder.or_insert_with(|| Recorder::start(self, component, host)).clone()
    }

    /// Ends every informer and recorder of this value and of its clones, and waits until they have ended. Recorders
    /// write what they still hold.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.informers.lock().clear();
    }

    /// Ends when the Cluster is shut down.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.shared.stop
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.shared.tasks
    }

    pub(crate) fn source(&self) -> &Source {
        &self.shared.source
    }

    fn informer_with<V: Send + Sync + 'static>(&self, reader: Reader<V>) -> Informer<V> {
        let id = (TypeId::of::<V>(), reader.kind.group(), reader.kind.plural);
        let mut informers = self.shared.informers.lock();
        let informer = informers.entry(id).or_insert_with(|| Arc::new(Informer::start(self, reader)));
        Informer::clone(informer.downcast_ref().expect("the type is part of the key"))
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("identity", &self.identity.name).finish_non_exhaustive()
    }
}
