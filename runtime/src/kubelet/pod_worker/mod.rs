//! One actor per pod: looks at what is, does what the plan says, writes the status; until the pod is gone.
//!
//! Everything that takes time is a future in `jobs`, owned and polled here: dropping the worker cancels all of it.

/// Carries out the steps of a plan.
mod apply;
/// The end of a pod: stop, say so, delete.
mod ending;
/// What jobs report, and what that changes.
mod observe;
/// Writes the status, the latest only.
mod write;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use api::{Key, Object};
use client::EventType;
use engine::Exit;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    container::{self, Failure, Instance},
    exec::Sandbox,
    host::Host,
    plan,
    probe::Target,
    prober::{Prober, Report},
    state::{Failed, PodState, Which},
};
use ending::Ending;
use write::Writer;

/// What the worker is told; the latest only.
#[derive(Clone)]
pub(crate) struct Seen {
    /// `None`: it is gone.
    pub(crate) object: Option<Arc<Object>>,
    /// Counts changes to what its volumes and environment are made from.
    pub(crate) refresh: u64,
}

pub(crate) struct Worker {
    host: Arc<Host>,
    seen: watch::Receiver<Seen>,
    object: Arc<Object>,
    /// Decoded while there is something to do; a pod at rest keeps its bytes only.
    decoded: Option<Arc<Pod>>,
    state: PodState,
    live: BTreeMap<Which, Live>,
    jobs: FuturesUnordered<BoxFuture<'static, Event>>,
    writer: Writer,
    ending: Option<Ending>,
    /// Volumes are being made or brought up to date.
    mounting: bool,
    /// Volumes, or an address, are tried again then.
    retry_mount: Option<Timestamp>,
    /// What it may take on the disk is being watched.
    measuring: bool,
    /// A token wants to be renewed then.
    renew: Option<Timestamp>,
    refreshed: u64,
}

/// A container that runs.
struct Live {
    instance: Instance,
    stopping: bool,
    /// It was stopped, and nothing was cut off.
    drained: bool,
}

enum Event {
    Volumes(Result<Option<Timestamp>, String>),
    Measured(Option<String>),
    Started(Which, Result<Instance, Failure>),
    PostStarted(Which, String, bool),
    Exited(Which, String, Exit),
    Probed(Which, String, Box<Prober>, Report),
    Stopped(Which, String, bool),
    Written(u64, kube::Result<()>),
    Deleted(kube::Result<()>),
}

impl Worker {
    /// For a pod that is bound here: `pod` is `object` decoded. `reserved` is the address it had before the node was
    /// restarted, already its own.
    pub(crate) fn new(
        host: Arc<Host>,
        seen: watch::Receiver<Seen>,
        object: Arc<Object>,
        pod: Arc<Pod>,
        reserved: Option<Ipv4Addr>,
    ) -> Self {
        let mut state = PodState::resume(&pod, Timestamp::now());
        state.ip = reserved;
        let refreshed = seen.borrow().refresh;
        // what was here before is not asked again
        let known = pod.status.as_ref().is_some_and(|status| status.start_time.is_some());
        match host.admitted.admit(&pod, &host.allocatable) {
            Err(refusal) if !known => {
                host.pod_event(&pod, EventType::Warning, refusal.reason, &refusal.message);
                let message = format!("Pod was rejected: {}", refusal.message);
                state.failed = Some(Failed { reason: refusal.reason, message, refused: true });
            }
            Err(_) | Ok(()) => {}
        }
        Self {
            host,
            seen,
            object,
            decoded: Some(pod),
            state,
            live: BTreeMap::new(),
            jobs: FuturesUnordered::new(),
            writer: Writer::default(),
            ending: None,
            mounting: false,
            measuring: false,
            retry_mount: None,
            renew: None,
            refreshed,
        }
    }

    /// Until the pod is gone; or until `stop`, which ends its guests and leaves the rest for the next start.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let pod = self.pod();
            let wake = self.reconcile(&pod);
            if self.ending.as_ref().is_some_and(Ending::is_over) {
                break;
            }
            let quiet = self.jobs.len() == self.live.len() + self.probers(&pod) + usize::from(self.measuring);
            drop(pod);
            if quiet {
                self.decoded = None;
            }
            tokio::select! {
                () = stop.cancelled() => {
                    self.kill_all().await;
                    return;
                }
                changed = self.seen.changed() => {
                    if changed.is_err() || !self.look() {
                        break;
                    }
                }
                Some(event) = self.jobs.next(), if !self.jobs.is_empty() => {
                    self.observe(event);
                    // what happened at once is written at once
                    while let Some(Some(event)) = self.jobs.next().now_or_never() {
                        self.observe(event);
                    }
                }
                () = sleep_until(wake) => {}
            }
        }
        self.clean_up().await;
    }

    /// The one path for start, restart and repair. Returns when time alone gives it something to do.
    fn reconcile(&mut self, pod: &Arc<Pod>) -> Option<Timestamp> {
        let now = Timestamp::now();
        let mut wakes = Vec::new();
        self.state.grow(pod, now);
        self.fail_when_overdue(pod, now, &mut wakes);
        if pod.metadata.deletion_timestamp.is_some() {
            wakes.extend(self.end(pod));
        } else if plan::over(pod, &self.state) {
            self.stop_all(pod, "");
            if self.live.is_empty() {
                self.host.admitted.release(&self.object.meta.uid);
            }
        } else {
            let plan = plan::plan(pod, &self.state, now);
            wakes.extend(plan.wake);
            for step in plan.steps {
                self.apply(pod, step, now);
            }
            self.renew_tokens(pod, now);
            self.measure(pod);
            wakes.extend(self.renew);
            wakes.extend(self.retry_mount);
        }
        wakes.extend(self.publish(pod, now));
        wakes.into_iter().filter(|wake| *wake > now).min()
    }

    /// Takes what the dispatcher says; false when the pod is gone.
    fn look(&mut self) -> bool {
        let seen = self.seen.borrow_and_update().clone();
        let Some(object) = seen.object else { return false };
        if self.object.revision != object.revision {
            self.object = object;
            self.decoded = None;
        }
        if self.refreshed != seen.refresh || self.decoded.is_none() {
            self.refreshed = seen.refresh;
            self.adjust_limits();
            // labels and annotations are files too: whatever changed, the volumes are looked at again
            self.retry_mount = Some(Timestamp::now());
            self.retry_what_lacked();
        }
        true
    }

    /// Limits of containers that run are those of the spec, also when it was resized.
    fn adjust_limits(&mut self) {
        let pod = self.pod();
        for (which, live) in &self.live {
            if let Some(spec) = which.of(&pod) {
                live.instance.guest.set_limits(container::memory_limit(&spec), container::cpu_quota(&spec));
            }
        }
    }

    fn pod(&mut self) -> Arc<Pod> {
        let object = &self.object;
        let decode = || Arc::new(object.decode().unwrap_or_else(|error| unreadable(&object.meta.key, &error)));
        Arc::clone(self.decoded.get_or_insert_with(decode))
    }

    /// Where the probes and hooks of a container go.
    fn target(&self, which: Which) -> Option<Target> {
        let pod = IpAddr::V4(self.state.ip?);
        let live = self.live.get(&which);
        let sandbox = live.map(|live| Sandbox { host: Arc::clone(&self.host), instance: live.instance.clone() });
        Some(Target { fabric: self.host.fabric.clone(), from: IpAddr::V4(self.host.addresses.node()), pod, sandbox })
    }

    /// How many jobs are probes that will be asked again: they are no reason to stay awake.
    fn probers(&self, pod: &Pod) -> usize {
        let probes = |which: &Which| {
            let spec = which.of(pod)?;
            Some([&spec.liveness_probe, &spec.readiness_probe].into_iter().flatten().count())
        };
        self.live.keys().filter_map(probes).sum()
    }

    async fn kill_all(&mut self) {
        for (_, live) in std::mem::take(&mut self.live) {
            live.instance.guest.kill();
            live.instance.ended().await;
        }
    }

    async fn clean_up(mut self) {
        self.host.admitted.release(&self.object.meta.uid);
        self.kill_all().await;
        self.jobs.clear();
        let key = &self.object.meta.key;
        let logs = self.host.pod_logs(&key.namespace, &key.name, &self.object.meta.uid);
        if let Err(error) = tokio::fs::remove_dir_all(&logs).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, dir = %logs.display(), "cannot remove the logs of a pod");
        }
        self.host.volumes.tear_down(&self.object.meta.uid).await;
        if let Some(ip) = self.state.ip {
            self.host.addresses.free(ip);
        }
    }
}

/// Validation keeps this from happening; a pod without containers is the harmless reading.
pub(crate) fn unreadable(key: &Key, error: &serde_json::Error) -> Pod {
    tracing::error!(pod = %key, %error, "cannot read a pod");
    Pod::default()
}

async fn sleep_until(wake: Option<Timestamp>) {
    match wake {
        Some(wake) => {
            let left = wake.duration_since(Timestamp::now());
            let left = Duration::try_from(left).unwrap_or_default();
            tokio::time::sleep_until(Instant::now() + left).await;
        }
        None => std::future::pending().await,
    }
}
