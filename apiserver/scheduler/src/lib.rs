//! Gives every pod a node: queue, cache, one cycle, plugins.
//!
//! Read in this order. What decides ([`cycle`], `plugins`) is pure; `driver` alone acts.

/// Writes decisions through the API.
mod bind;
/// Nodes with what is taken of them, assumed pods included.
mod cache;
/// One pod, all nodes: which one.
mod cycle;
/// The loop that owns cache and queue.
mod driver;
/// What the scheduler keeps of a node.
mod node;
/// Filters and scores, one file each.
mod plugins;
/// What the scheduler keeps of a pod.
mod pod;
/// Which pod is next, and which wait for what.
mod queue;
/// Amounts of what a node has and a pod asks for.
mod resources;

use client::Cluster;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The scheduler called `default-scheduler`, running.
pub struct Scheduler {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Scheduler {
    /// The name by which pods choose this scheduler.
    pub const NAME: &'static str = "default-scheduler";

    pub fn start(cluster: Cluster) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(driver::run(cluster, stop.clone()));
        Self { stop, task }
    }

    /// Ends after the bindings that are on their way.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the scheduler did not end well");
        }
    }
}
