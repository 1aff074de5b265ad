//! Gives every pod that is bound to this node its worker, and tells the worker what happens to it.

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
    sync::Arc,
};

use api::{Key, kinds};
use client::{Change, Item, Message, views::MetaView};
use k8s_openapi::api::core::v1::Pod;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    env::{self, Source},
    host::Host,
    pod_worker::{Seen, Worker, unreadable},
    views::{BY_NODE, BoundPod},
};
use crate::volumes;

/// The workers of a node, and the task that leads them.
pub(crate) struct Pods {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Pods {
    pub(crate) fn start(host: Arc<Host>) -> Self {
        let stop = CancellationToken::new();
        let dispatcher = Dispatcher {
            host,
            stop: stop.clone(),
            workers: HashMap::new(),
            tasks: JoinSet::new(),
            users: HashMap::new(),
            reserved: HashMap::new(),
        };
        Self { stop, task: tokio::spawn(dispatcher.run()) }
    }

    /// Ends every guest; the pods stay as they are, for the next start.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the leader of the pod workers failed");
        }
    }
}

struct Dispatcher {
    host: Arc<Host>,
    stop: CancellationToken,
    /// By uid: a pod that is made again under its name is another pod.
    workers: HashMap<Box<str>, Handle>,
    tasks: JoinSet<()>,
    /// Who uses which ConfigMap and Secret.
    users: HashMap<(&'static str, Key), HashSet<Box<str>>>,
    /// What pods that were here before this start had as their addresses.
    reserved: HashMap<Box<str>, Ipv4Addr>,
}

struct Handle {
    seen: watch::Sender<Seen>,
    print: u64,
    uses: Vec<(&'static str, Key)>,
}

impl Handle {
    /// What the pod lacked may be there now, and what it has may have changed.
    fn refresh(&self) {
        self.seen.send_modify(|seen| seen.refresh += 1);
    }
}

impl Dispatcher {
    async fn run(mut self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.lead()).await;
        // dropping the senders would tell the workers that their pods are gone: they are told to stop first
        while let Some(ended) = self.tasks.join_next().await {
            report(ended);
        }
    }

    async fn lead(&mut self) {
        let host = Arc::clone(&self.host);
        host.pods.synced().await;
        host.services.synced().await;
        self.reserve();
        let mut pods = host.pods.subscribe();
        let mut config_maps = host.cluster.informer_of(&kinds::CONFIG_MAP).subscribe();
        let mut secrets = host.cluster.informer_of(&kinds::SECRET).subscribe();
        let mut loads = host.images.loads();
        loop {
            tokio::select! {
                Ok(()) = loads.changed() => self.workers.values().for_each(Handle::refresh),
                message = pods.next() => match message {
                    Some(Message::Change(change)) => self.see(&change),
                    Some(Message::Resync) => self.resync(),
                    None => return,
                },
                message = config_maps.next() => self.refresh(kinds::CONFIG_MAP.kind, message),
                message = secrets.next() => self.refresh(kinds::SECRET.kind, message),
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => report(ended),
            }
        }
    }

    /// Before any pod is given an address: those that had one keep it.
    fn reserve(&mut self) {
        for item in self.host.pods.by(BY_NODE, &self.host.name) {
            let ip = item.object.value()["status"]["podIP"].as_str().and_then(|ip| ip.parse().ok());
            if let Some(ip) = ip.filter(|ip| self.host.addresses.reserve(*ip)) {
                self.reserved.insert(item.uid().into(), ip);
            }
        }
    }

    fn see(&mut self, change: &Change<BoundPod>) {
        if let Some(old) = &change.old
            && change.new.as_ref().is_none_or(|new| new.uid() != old.uid())
        {
            self.gone(old.uid());
        }
        if let Some(new) = change.new.as_ref().filter(|new| *new.node == *self.host.name) {
            self.here(new);
        }
    }

    /// Changes were lost: what is there now is compared with what is known.
    fn resync(&mut self) {
        let all = self.host.pods.by(BY_NODE, &self.host.name);
        let there: HashSet<&str> = all.iter().map(|item| item.uid()).collect();
        let gone: Vec<Box<str>> = self.workers.keys().filter(|uid| !there.contains(&***uid)).cloned().collect();
        gone.iter().for_each(|uid| self.gone(uid));
        all.iter().for_each(|item| self.here(item));
    }

    fn here(&mut self, item: &Arc<Item<BoundPod>>) {
        if let Some(known) = self.workers.get_mut(item.uid()) {
            if known.print != item.print {
                known.print = item.print;
                known.seen.send_modify(|seen| seen.object = Some(Arc::clone(&item.object)));
            }
            return;
        }
        let uid: Box<str> = item.uid().into();
        let pod = Arc::new(item.decode::<Pod>().unwrap_or_else(|error| unreadable(item.key(), &error)));
        let uses = uses(&pod, item.namespace());
        for used in &uses {
            self.users.entry(used.clone()).or_default().insert(uid.clone());
        }
        let (sender, seen) = watch::channel(Seen { object: Some(Arc::clone(&item.object)), refresh: 0 });
        let worker = Worker::new(Arc::clone(&self.host), seen, Arc::clone(&item.object), pod, self.reserved.remove(&uid));
        let span = tracing::info_span!("pod", pod = %item.key());
        self.tasks.spawn(worker.run(self.stop.clone()).instrument(span));
        self.workers.insert(uid, Handle { seen: sender, print: item.print, uses });
    }

    fn gone(&mut self, uid: &str) {
        let Some(handle) = self.workers.remove(uid) else { return };
        for used in &handle.uses {
            if let Some(users) = self.users.get_mut(used) {
                users.remove(uid);
                if users.is_empty() {
                    self.users.remove(used);
                }
            }
        }
        handle.seen.send_modify(|seen| seen.object = None);
    }

    fn refresh(&mut self, kind: &'static str, message: Option<Message<MetaView>>) {
        match message {
            Some(Message::Change(change)) => {
                let users = self.users.get(&(kind, change.key().clone()));
                users.into_iter().flatten().filter_map(|uid| self.workers.get(uid)).for_each(Handle::refresh);
            }
            Some(Message::Resync) => {
                self.workers.values().filter(|handle| !handle.uses.is_empty()).for_each(Handle::refresh)
            }
            None => {}
        }
    }
}

/// What a pod's volumes and environment are made from.
fn uses(pod: &Pod, namespace: &str) -> Vec<(&'static str, Key)> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    // those of ephemeral containers are fetched when they start, which is once
    let from_env = containers.flat_map(env::sources);
    let all = spec.volumes.iter().flatten().flat_map(volumes::sources).chain(from_env);
    let key = |name: &str| Key::new(namespace, name);
    all.map(|source| match source {
        Source::ConfigMap(name) => (kinds::CONFIG_MAP.kind, key(&name)),
        Source::Secret(name) => (kinds::SECRET.kind, key(&name)),
    })
    .collect()
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a pod worker failed");
    }
}
