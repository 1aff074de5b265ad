//! The loop that owns cache and queue: takes changes in, decides for one pod after the other, and lets writes run beside.

use std::{sync::Arc, time::Instant};

use client::{
    Changes, Cluster, EventType, Informer, Item, Message, Recorder,
    error::{chain, is_conflict, is_not_found},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Scheduler, bind, cache::Cache, cycle::schedule_one, node::Node, plugins::Event, pod::Pod, queue::Queue};

/// Writes at the same time; decisions wait while there are as many.
const WRITES: usize = 128;

/// What became of a write.
enum Written {
    Bound(Arc<Item<Pod>>, Result<Box<str>, kube::Error>),
    Refused(Arc<Item<Pod>>, Result<(), kube::Error>),
}

struct Driver {
    cluster: Cluster,
    recorder: Recorder,
    pods: Informer<Pod>,
    nodes: Informer<Node>,
    cache: Cache,
    queue: Queue,
    writes: JoinSet<Written>,
    turn: usize,
}

pub(crate) async fn run(cluster: Cluster, stop: CancellationToken) {
    let (pods, nodes) = (cluster.informer::<Pod>(), cluster.informer::<Node>());
    let (mut pod_changes, mut node_changes) = (pods.subscribe(), nodes.subscribe());
    let recorder = cluster.recorder(Scheduler::NAME, "");
    let (cache, queue, writes) = (Cache::default(), Queue::default(), JoinSet::new());
    let mut driver = Driver { cluster, recorder, pods, nodes, cache, queue, writes, turn: 0 };
    let ready = async { tokio::join!(driver.pods.synced(), driver.nodes.synced()) };
    if stop.run_until_cancelled(ready).await.is_some() {
        stop.run_until_cancelled(driver.follow(&mut pod_changes, &mut node_changes)).await;
    }
    // a binding on its way is told, so that its event is not missing after a restart
    while let Some(written) = driver.writes.join_next().await {
        driver.written(written);
    }
}

impl Driver {
    async fn follow(&mut self, pod_changes: &mut Changes<Pod>, node_changes: &mut Changes<Node>) {
        loop {
            // biased: all that is known comes before the next decision
            tokio::select! {
                biased;
                change = node_changes.next() => match change {
                    Some(change) => self.node_message(change),
                    None => return,
                },
                change = pod_changes.next() => match change {
                    Some(change) => self.pod_message(change),
                    None => return,
                },
                Some(written) = self.writes.join_next() => self.written(written),
                () = wait(self.queue.next_due()) => self.decide(),
                () = std::future::ready(()), if self.writes.len() < WRITES && self.queue.has_active() => self.decide(),
            }
        }
    }

    fn node_message(&mut self, message: Message<Node>) {
        match message {
            Message::Change(change) => match &change.new {
                Some(node) => self.node(&node.view),
                None => self.cache.remove_node(&change.key().name),
            },
            Message::Resync => {
                let nodes = self.nodes.all();
                let gone: Vec<_> = self.cache.slots().map(|(node, _)| node.name.clone()).collect();
                gone.iter().filter(|name| nodes.iter().all(|node| node.name() != &***name)).for_each(|name| {
                    self.cache.remove_node(name);
                });
                nodes.iter().for_each(|node| self.node(&node.view));
            }
        }
    }

    fn node(&mut self, node: &Node) {
        let change = self.cache.set_node(node.clone());
        self.queue.wake(Event::Node(change), Instant::now());
    }

    fn pod_message(&mut self, message: Message<Pod>) {
        match message {
            Message::Change(change) => match (&change.old, &change.new) {
                (_, Some(pod)) => self.pod(pod),
                (Some(pod), None) => self.gone(pod.uid()),
                (None, None) => {}
            },
            Message::Resync => {
                let pods = self.pods.all();
                self.cache.keep(&pods);
                self.queue.keep(&pods);
                self.queue.wake(Event::Freed, Instant::now());
                pods.iter().for_each(|pod| self.pod(pod));
            }
        }
    }

    fn pod(&mut self, pod: &Arc<Item<Pod>>) {
        if pod.phase.is_terminal() {
            self.gone(pod.uid());
        } else if !pod.node.is_empty() {
            self.queue.remove(pod.uid());
            self.cache.place(pod, &pod.node);
        } else if pod.terminating() || pod.gated || &*pod.scheduler != Scheduler::NAME {
            self.queue.remove(pod.uid());
        } else if !self.cache.is_placed(pod.uid()) {
            self.queue.add(pod.clone());
        }
    }

    fn gone(&mut self, uid: &str) {
        self.queue.remove(uid);
        if self.cache.remove(uid) {
            self.queue.wake(Event::Freed, Instant::now());
        }
    }

    /// One cycle: the next pod gets its node in the cache, and the writing of it begins.
    fn decide(&mut self) {
        let Some(pod) = self.queue.pop(Instant::now()) else { return };
        let _span = tracing::info_span!("schedule", pod = %pod.key()).entered();
        self.turn = self.turn.wrapping_add(1);
        let owner = pod.controller().map(|owner| &*owner.uid);
        let client = self.cluster.client.clone();
        match schedule_one(&pod, owner, self.cache.slots(), self.turn) {
            Ok(node) => {
                let node = node.name.clone();
                self.cache.place(&pod, &node);
                self.writes.spawn(async move {
                    let bound = bind::bind(&client, &pod, &node).await.map(|()| node);
                    Written::Bound(pod, bound)
                });
            }
            Err(none) => {
                let message = none.to_string();
                tracing::debug!(message, "no node takes the pod");
                self.event(&pod, EventType::Warning, "FailedScheduling", &message);
                self.queue.unschedulable(pod.uid(), none.filters, Instant::now());
                self.writes.spawn(async move {
                    let refused = bind::refuse(client, pod.clone(), message).await;
                    Written::Refused(pod, refused)
                });
            }
        }
    }

    fn written(&mut self, written: Result<Written, tokio::task::JoinError>) {
        match written {
            Ok(Written::Bound(pod, Ok(node))) => {
                let message = format!("Successfully assigned {}/{} to {node}", pod.namespace(), pod.name());
                self.event(&pod, EventType::Normal, "Scheduled", &message);
            }
            Ok(Written::Bound(pod, Err(error))) => self.not_bound(&pod, &error),
            Ok(Written::Refused(_, Ok(()))) => {}
            Ok(Written::Refused(pod, Err(error))) => {
                tracing::warn!(pod = %pod.key(), error = chain(&error), "could not write why a pod has no node");
            }
            Err(error) => tracing::error!(%error, "a write did not end well"),
        }
    }

    /// The room it was to have is free again; the informer tells if the pod has gone or has a node already.
    fn not_bound(&mut self, pod: &Item<Pod>, error: &kube::Error) {
        let current = self.pods.get(pod.key()).filter(|current| current.uid() == pod.uid());
        if current.is_none_or(|current| current.node.is_empty()) {
            self.cache.remove(pod.uid());
            self.queue.wake(Event::Freed, Instant::now());
        }
        self.queue.retry(pod.uid(), Instant::now());
        if is_conflict(error) || is_not_found(error) {
            tracing::debug!(pod = %pod.key(), error = chain(error), "binding refused");
        } else {
            tracing::warn!(pod = %pod.key(), error = chain(error), "could not bind a pod, trying again");
        }
    }

    fn event(&self, pod: &Item<Pod>, kind: EventType, reason: &str, message: &str) {
        self.recorder.event(&pod.reference(&api::kinds::POD), kind, reason, message);
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
