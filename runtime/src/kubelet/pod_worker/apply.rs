//! Carries out the steps of a plan.

use std::{net::IpAddr, sync::Arc, time::Duration};

use client::EventType;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;

use super::{Event, Worker};
use crate::kubelet::{
    backoff::go_seconds,
    container::{self, Start},
    plan::Step,
    state::{Failed, Run, Volumes, Which},
};
use crate::volumes;

/// What failed outside the containers is tried again after so long, or earlier when what it lacked appears.
pub(super) const RETRY: SignedDuration = SignedDuration::from_secs(10);

/// How often the files of a pod with limits are looked at.
const MEASURED: Duration = Duration::from_secs(10);
/// The reason of a pod that had to go.
pub(super) const EVICTED: &str = "Evicted";

impl Worker {
    pub(super) fn apply(&mut self, pod: &Arc<Pod>, step: Step, now: Timestamp) {
        match step {
            Step::SetUpVolumes => self.set_up(pod, now),
            Step::Start(which) => self.start(pod, which, now),
            Step::BackOff(which, until) => self.back_off(pod, which, until),
        }
    }

    /// An address and directories.
    fn set_up(&mut self, pod: &Arc<Pod>, now: Timestamp) {
        if self.mounting || self.retry_mount.is_some_and(|retry| retry > now) {
            return;
        }
        if self.state.ip.is_none() {
            self.say_what_is_left_out(pod);
            match self.host.addresses.take() {
                Ok(ip) => self.state.ip = Some(ip),
                Err(error) => {
                    let message = format!("Failed to create pod sandbox: {error}");
                    self.host.pod_event(pod, EventType::Warning, "FailedCreatePodSandBox", &message);
                    self.retry_mount = Some(now + RETRY);
                    return;
                }
            }
        }
        if pod.spec.as_ref().is_some_and(|spec| spec.volumes.iter().flatten().next().is_none()) {
            // nothing to make: not a moment is lost
            self.state.volumes = Volumes::Ready;
            self.retry_mount = None;
            let plan = crate::kubelet::plan::plan(pod, &self.state, now);
            plan.steps.into_iter().for_each(|step| self.apply(pod, step, now));
            return;
        }
        self.mount(pod);
    }

    /// What a pod asks for and does not get is said, once, rather than passed over.
    fn say_what_is_left_out(&self, pod: &Pod) {
        let Some(spec) = &pod.spec else { return };
        let say = |what: &str| self.host.pod_event(pod, EventType::Warning, "NotSupported", what);
        if spec.host_network == Some(true) {
            say("hostNetwork is not supported by this node: the pod has an address of its own");
        }
    }

    /// Makes the volumes or brings them up to date.
    pub(super) fn mount(&mut self, pod: &Arc<Pod>) {
        self.mounting = true;
        self.retry_mount = None;
        self.renew = None;
        let (host, pod) = (Arc::clone(&self.host), Arc::clone(pod));
        let facts = host.facts(self.state.ip.map(IpAddr::V4));
        let job = async move {
            let made = host.volumes.set_up(&pod, &facts).await;
            Event::Volumes(made.map_err(|failure| failure.to_string()))
        };
        self.jobs.push(job.boxed());
    }

    /// Volumes of a pod that runs: when a token grows old or what they show has changed.
    pub(super) fn renew_tokens(&mut self, pod: &Arc<Pod>, now: Timestamp) {
        let due = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        if self.state.volumes == Volumes::Ready && !self.mounting && (due(self.renew) || due(self.retry_mount)) {
            self.mount(pod);
        }
    }

    /// Looks, a while from now, whether the pod's files break a limit.
    pub(super) fn measure(&mut self, pod: &Arc<Pod>) {
        if self.measuring || self.state.volumes != Volumes::Ready {
            return;
        }
        let uid = &self.object.meta.uid;
        let logs = self.host.pod_logs(&self.object.meta.key.namespace, &self.object.meta.key.name, uid);
        let Some(limits) = volumes::Limits::of(pod, &self.host.volumes.dir(uid), &logs) else { return };
        self.measuring = true;
        let job = async move {
            tokio::time::sleep(MEASURED).await;
            let looked = tokio::task::spawn_blocking(move || limits.broken()).await;
            Event::Measured(looked.expect("looking at files does not panic and is not cancelled"))
        };
        self.jobs.push(job.boxed());
    }

    /// A pod that takes too much is evicted.
    pub(super) fn measured(&mut self, pod: &Pod, broken: Option<String>) {
        self.measuring = false;
        if let Some(message) = broken.filter(|_| self.state.failed.is_none()) {
            self.host.pod_event(pod, EventType::Warning, EVICTED, &message);
            self.state.failed = Some(Failed { reason: EVICTED, message, refused: false });
        }
    }

    fn start(&mut self, pod: &Arc<Pod>, which: Which, now: Timestamp) {
        let Some(ip) = self.state.ip else { return };
        let container = self.state.get_mut(which);
        match std::mem::replace(&mut container.run, Run::Starting) {
            Run::Ended(ended) => {
                container.last = Some(ended);
                container.backoff.tried(now);
            }
            Run::Waiting { reason: "CrashLoopBackOff", .. } => container.backoff.tried(now),
            _ => {}
        }
        let run = container.restarts + i32::from(container.last.is_some());
        let pull = container.pull;
        let start = Start { host: Arc::clone(&self.host), pod: Arc::clone(pod), which, ip: IpAddr::V4(ip), run, pull };
        self.writer.hold_back();
        self.jobs.push(start.start().map(move |started| Event::Started(which, started)).boxed());
    }

    fn back_off(&mut self, pod: &Arc<Pod>, which: Which, until: Timestamp) {
        let Some(spec) = which.of(pod) else { return };
        let meta = &pod.metadata;
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let full = format!("{}_{}({})", text(&meta.name), text(&meta.namespace), text(&meta.uid));
        let message = format!("Back-off restarting failed container {} in pod {full}", spec.name);
        self.host.container_event(pod, container::path(which, &spec), EventType::Warning, "BackOff", &message);
        let container = self.state.get_mut(which);
        let delay = go_seconds(container.backoff.delay());
        let message = format!("back-off {delay} restarting failed container={} pod={full}", spec.name);
        let waiting = Run::Waiting { reason: "CrashLoopBackOff", message, retry: Some(until) };
        if let Run::Ended(ended) = std::mem::replace(&mut container.run, waiting) {
            container.last = Some(ended);
        }
    }
}
