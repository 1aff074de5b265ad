//! Runs controllers: takes keys from their queues, reconciles, and tries failures again later.

use std::{sync::Arc, time::Instant};

use api::Key;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::{
    Action, Cluster, Controller, Queue,
    controller::Failure,
    error::{chain, code, is_conflict},
};

/// Owns the tasks of the controllers it was started with.
pub struct Manager {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Manager {
    pub fn start(cluster: Cluster, controllers: Vec<Controller>) -> Self {
        let manager = Self { tasks: TaskTracker::new(), stop: CancellationToken::new() };
        for controller in controllers {
            let run = run(cluster.clone(), controller, manager.tasks.clone(), manager.stop.clone());
            let stop = manager.stop.clone();
            manager.tasks.spawn(async move { stop.run_until_cancelled_owned(run).await });
        }
        manager
    }

    /// Ends all controllers, in the middle of a reconciliation if need be: the next start goes on from what is.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn run(cluster: Cluster, controller: Controller, tasks: TaskTracker, stop: CancellationToken) {
    let queue = Arc::new(Queue::new());
    let synced: Vec<_> = controller.wires.iter().map(|wire| wire(&cluster, &queue)).collect();
    futures::future::join_all(synced).await;
    let controller = Arc::new(controller);
    for _ in 0..controller.workers {
        let worker = work(cluster.clone(), controller.clone(), queue.clone());
        let stop = stop.clone();
        tasks.spawn(async move { stop.run_until_cancelled_owned(worker).await });
    }
}

async fn work(cluster: Cluster, controller: Arc<Controller>, queue: Arc<Queue<Key>>) {
    loop {
        let key = queue.next().await;
        let span = tracing::info_span!("reconcile", controller = controller.name, %key);
        async {
            let started = Instant::now();
            match (controller.reconcile)(cluster.clone(), key.clone()).await {
                Ok(action) => {
                    queue.forget(&key);
                    if let Action::After(delay) = action {
                        queue.add_after(key.clone(), delay);
                    }
                    tracing::trace!(micros = started.elapsed().as_micros(), "done");
                }
                Err(error) => failed(&queue, &key, &error),
            }
        }
        .instrument(span)
        .await;
        queue.done(&key);
    }
}

fn failed(queue: &Queue<Key>, key: &Key, error: &Failure) {
    let again = queue.retry(key.clone());
    if is_conflict(error.as_ref()) {
        tracing::debug!(error = chain(error.as_ref()), "somebody else was faster, trying again");
    } else {
        tracing::warn!(
            error = chain(error.as_ref()),
            code = code(error.as_ref()),
            again_ms = again.as_millis(),
            "reconciliation failed, trying again"
        );
    }
}

#[cfg(test)]
mod tests;
