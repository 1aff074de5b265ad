//! What jobs report, and what that changes.

use std::{sync::Arc, time::Duration};

use client::EventType;
use engine::{Exit, Reason};
use futures::FutureExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, Pod};
use tokio::time::Instant;

use super::{Event, Live, Worker, apply::RETRY};
use crate::kubelet::{
    container::{self, Failure, Instance},
    hook::Hook,
    probe::Outcome,
    prober::{Kind, Prober, Report},
    state::{Ended, Run, Volumes, Which},
};

/// A container that its liveness probe declared dead is not waited for as long as one that is asked to go.
const DEAD: Duration = Duration::from_secs(2);

impl Worker {
    pub(super) fn observe(&mut self, event: Event) {
        let pod = self.pod();
        let now = Timestamp::now();
        match event {
            Event::Volumes(made) => self.mounted(&pod, made, now),
            Event::Measured(broken) => self.measured(&pod, broken),
            Event::Started(which, Ok(instance)) => self.started(&pod, which, instance, now),
            Event::Started(which, Err(failure)) => self.not_started(which, failure, now),
            Event::PostStarted(which, id, good) if self.is_live(which, &id) => {
                if good {
                    if let (Some(spec), Run::Running { started, ready, .. }) =
                        (which.of(&pod), &mut self.state.get_mut(which).run)
                    {
                        (*started, *ready) = at_first(&spec, true);
                    }
                    self.probe(&pod, which)
                } else {
                    self.stop(&pod, which, "FailedPostStartHook", DEAD)
                }
            }
            Event::Exited(which, id, exit) if self.is_live(which, &id) => self.exited(which, exit, now),
            Event::Probed(which, id, prober, report) if self.is_live(which, &id) => {
                self.probed(&pod, which, *prober, report)
            }
            Event::Stopped(which, id, drained) if self.is_live(which, &id) => {
                if let Some(live) = self.live.get_mut(&which) {
                    live.drained = drained;
                }
            }
            Event::Written(print, written) => self.writer.written(print, written, now),
            Event::Deleted(deleted) => self.deleted(deleted),
            // of a run that has ended: nobody waits for it any more
            Event::PostStarted(..) | Event::Exited(..) | Event::Probed(..) | Event::Stopped(..) => {}
        }
    }

    fn is_live(&self, which: Which, id: &str) -> bool {
        self.live.get(&which).is_some_and(|live| live.instance.id == id)
    }

    fn mounted(&mut self, pod: &Pod, made: Result<Option<Timestamp>, String>, now: Timestamp) {
        self.mounting = false;
        match made {
            Ok(renew) => {
                self.renew = renew;
                self.state.volumes = Volumes::Ready;
            }
            Err(message) => {
                self.host.pod_event(pod, EventType::Warning, "FailedMount", &message);
                self.retry_mount = Some(now + RETRY);
            }
        }
    }

    fn started(&mut self, pod: &Arc<Pod>, which: Which, instance: Instance, now: Timestamp) {
        let Some(spec) = which.of(pod) else { return };
        let hook = spec.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.clone());
        let (started, ready) = at_first(&spec, hook.is_none());
        let container = self.state.get_mut(which);
        container.restarts += i32::from(container.last.is_some());
        container.container_id.clone_from(&instance.id);
        container.image_id.clone_from(&instance.image_id);
        container.run = Run::Running { since: now, started, ready };
        let id = instance.id.clone();
        let ended = instance.clone().ended().map(move |exit| Event::Exited(which, id, exit));
        self.jobs.push(ended.boxed());
        let id = instance.id.clone();
        self.live.insert(which, Live { instance, stopping: false, drained: false });
        match hook.and_then(|handler| {
            let target = self.target(which)?;
            Some(Hook { host: Arc::clone(&self.host), pod: Arc::clone(pod), which, handler, target })
        }) {
            Some(hook) => {
                let run = async move { hook.run("FailedPostStartHook", "PostStartHook failed").await };
                self.jobs.push(run.map(move |good| Event::PostStarted(which, id, good)).boxed());
            }
            None => self.probe(pod, which),
        }
    }

    /// Begins the probes of a container that came up: the startup probe alone, until it has succeeded.
    fn probe(&mut self, pod: &Pod, which: Which) {
        let Some(spec) = which.of(pod) else { return };
        let first: &[Kind] =
            if spec.startup_probe.is_some() { &[Kind::Startup] } else { &[Kind::Liveness, Kind::Readiness] };
        self.begin_probes(&spec, which, first);
    }

    fn begin_probes(&mut self, spec: &Container, which: Which, kinds: &[Kind]) {
        let (Some(target), Some(live)) = (self.target(which), self.live.get(&which)) else { return };
        let id = live.instance.id.clone();
        for kind in kinds {
            if let Some(prober) = Prober::new(*kind, spec, &target, Instant::now()) {
                self.ask(which, id.clone(), prober);
            }
        }
    }

    fn ask(&mut self, which: Which, id: String, prober: Prober) {
        let next = prober.next().map(move |(prober, report)| Event::Probed(which, id, Box::new(prober), report));
        self.jobs.push(next.boxed());
    }

    fn probed(&mut self, pod: &Arc<Pod>, which: Which, prober: Prober, report: Report) {
        let (Some(spec), Some(live)) = (which.of(pod), self.live.get(&which)) else { return };
        let (id, stopping) = (live.instance.id.clone(), live.stopping);
        let kind = prober.kind;
        let complaint = match &report.outcome {
            Outcome::Success => None,
            Outcome::Warning(what) => {
                let message = format!("{} probe warning: {what}", kind.name());
                let path = container::path(which, &spec);
                self.host.container_event(pod, path, EventType::Warning, "ProbeWarning", &message);
                None
            }
            Outcome::Failure(why) => Some(format!("{} probe failed: {why}", kind.name())),
            Outcome::Error(why) => Some(format!("{} probe errored and resulted in unknown state: {why}", kind.name())),
        };
        if let Some(message) = complaint.filter(|_| !stopping) {
            self.host.container_event(pod, container::path(which, &spec), EventType::Warning, "Unhealthy", &message);
        }
        let Run::Running { started, ready, .. } = &mut self.state.get_mut(which).run else { return };
        match (kind, report.verdict) {
            (Kind::Startup, Some(true)) => {
                *started = true;
                *ready = spec.readiness_probe.is_none();
                self.begin_probes(&spec, which, &[Kind::Liveness, Kind::Readiness]);
                return;
            }
            (Kind::Readiness, Some(verdict)) => *ready = verdict,
            (Kind::Startup | Kind::Liveness, Some(false)) if !stopping => {
                let own = kind.of(&spec).and_then(|probe| probe.termination_grace_period_seconds);
                let grace = own.and_then(|seconds| u64::try_from(seconds).ok()).map_or(DEAD, Duration::from_secs);
                let what = if kind == Kind::Startup { "startup" } else { "liveness" };
                let message = format!("Container {} failed {what} probe, will be restarted", spec.name);
                self.stop(pod, which, &message, grace);
                return;
            }
            _ => {}
        }
        self.ask(which, id, prober);
    }

    fn not_started(&mut self, which: Which, failure: Failure, now: Timestamp) {
        let container = self.state.get_mut(which);
        if failure.pulled {
            container.pull.tried(now);
        }
        let retry = failure.retry.or_else(|| match failure.reason {
            "RunContainerError" | "CreateContainerError" => {
                container.backoff.tried(now);
                container.backoff.waiting(now)
            }
            _ => Some(now + RETRY),
        });
        container.run = Run::Waiting { reason: failure.reason, message: failure.message, retry };
    }

    /// What a container lacked may be there now.
    pub(super) fn retry_what_lacked(&mut self) {
        const LACKING: [&str; 4] = ["CreateContainerConfigError", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"];
        for container in self.state.init.iter_mut().chain(&mut self.state.main) {
            if let Run::Waiting { reason, retry, .. } = &mut container.run
                && LACKING.contains(reason)
            {
                *retry = None;
            }
        }
    }

    fn exited(&mut self, which: Which, exit: Exit, now: Timestamp) {
        let Some(live) = self.live.remove(&which) else { return };
        let container = self.state.get_mut(which);
        let Run::Running { since, .. } = container.run else { return };
        // it was asked to go and went: that is no failure, though in the end it was taken away
        let good = live.drained;
        let reason = match exit.reason {
            _ if good => "Completed",
            Reason::Completed => "Completed",
            Reason::Error => "Error",
            Reason::OomKilled => "OOMKilled",
        };
        container.run = Run::Ended(Box::new(Ended {
            code: if good { 0 } else { exit.code },
            reason: reason.to_owned(),
            message: if good { String::new() } else { exit.message },
            started: Some(since),
            finished: now,
            container_id: live.instance.id,
        }));
    }
}

/// Whether a container that came up has started and is ready before any probe was made: `begun`, its hook is done.
fn at_first(spec: &Container, begun: bool) -> (bool, bool) {
    let started = begun && spec.startup_probe.is_none();
    (started, started && spec.readiness_probe.is_none())
}
