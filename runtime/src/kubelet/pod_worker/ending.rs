//! The end of a pod: stop, say so, delete.

use std::{sync::Arc, time::Duration};

use client::EventType;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Preconditions};

use super::{Event, Worker, apply::EVICTED};
use crate::kubelet::{
    container,
    hook::Hook,
    plan,
    state::{Failed, Run, Which},
};

/// A delete that failed is tried again after so long.
const RETRY: SignedDuration = SignedDuration::from_secs(1);

/// The pod was deleted; its containers have until `deadline`.
pub(super) struct Ending {
    began: Timestamp,
    deadline: Timestamp,
    delete: Delete,
}

enum Delete {
    Due(Timestamp),
    Sent,
    Done,
}

impl Ending {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.delete, Delete::Done)
    }
}

impl Worker {
    /// One step towards the end. Returns when the next is due.
    pub(super) fn end(&mut self, pod: &Arc<Pod>) -> Option<Timestamp> {
        let now = Timestamp::now();
        let grace = SignedDuration::from_secs(pod.metadata.deletion_grace_period_seconds.unwrap_or(0).max(0));
        let ending = self.ending.get_or_insert(Ending { began: now, deadline: now + grace, delete: Delete::Due(now) });
        // a second delete may shorten the grace, never lengthen it
        ending.deadline = ending.deadline.min(ending.began + grace);
        let deadline = ending.deadline;
        if deadline <= now {
            self.live.values().for_each(|live| live.instance.guest.kill());
        }
        self.stop_all(pod, "Stopping container");
        let starting = self.state.all().any(|(_, container)| container.run == Run::Starting);
        if !self.live.is_empty() || starting {
            return Some(deadline);
        }
        if !self.writer.is_settled() {
            return None;
        }
        match self.ending.as_ref().map(|ending| &ending.delete) {
            Some(Delete::Due(due)) if *due <= now => {
                self.send_delete(pod);
                None
            }
            Some(Delete::Due(due)) => Some(*due),
            _ => None,
        }
    }

    pub(super) fn deleted(&mut self, deleted: kube::Result<()>) {
        let Some(ending) = &mut self.ending else { return };
        ending.delete = match deleted {
            Ok(()) => Delete::Done,
            // gone already, or another pod has the name
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Delete::Done,
            Err(error) => {
                tracing::warn!(pod = %self.object.meta.key, %error, "cannot delete a pod that has ended; trying again");
                Delete::Due(Timestamp::now() + RETRY)
            }
        };
    }

    /// Fails a pod that was active longer than it may.
    pub(super) fn fail_when_overdue(&mut self, pod: &Arc<Pod>, now: Timestamp, wakes: &mut Vec<Timestamp>) {
        let Some(seconds) = pod.spec.as_ref().and_then(|spec| spec.active_deadline_seconds) else { return };
        let deadline = self.state.start_time + SignedDuration::from_secs(seconds);
        if deadline > now {
            wakes.push(deadline);
        } else if self.state.failed.is_none() && !plan::over(pod, &self.state) {
            let message = "Pod was active on the node longer than the specified deadline";
            self.host.pod_event(pod, EventType::Normal, "DeadlineExceeded", message);
            let failed = Failed { reason: "DeadlineExceeded", message: message.to_owned(), refused: false };
            self.state.failed = Some(failed);
        }
    }

    /// Asks every container to go. `what` begins the event's message; empty: the pod is over, which needs no event.
    pub(super) fn stop_all(&mut self, pod: &Arc<Pod>, what: &str) {
        let live: Vec<Which> = self.live.keys().copied().collect();
        let left = match &self.ending {
            Some(ending) => ending.deadline.duration_since(Timestamp::now()),
            // it takes what others need
            None if self.state.failed.as_ref().is_some_and(|failed| failed.reason == EVICTED) => SignedDuration::ZERO,
            None => {
                let seconds = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
                SignedDuration::from_secs(seconds.unwrap_or(30))
            }
        };
        let grace = Duration::try_from(left).unwrap_or_default();
        for which in plan::next_to_stop(pod, &live) {
            let name = which.of(pod).map(|spec| spec.name.clone()).unwrap_or_default();
            let message = if what.is_empty() { String::new() } else { format!("{what} {name}") };
            self.stop(pod, which, &message, grace);
        }
    }

    /// Asks one container to go within `grace`, and says so with `message`.
    pub(super) fn stop(&mut self, pod: &Arc<Pod>, which: Which, message: &str, grace: Duration) {
        let (Some(spec), Some(target)) = (which.of(pod), self.target(which)) else { return };
        let notice = self.ending.is_some();
        let Some(live) = self.live.get_mut(&which).filter(|live| !live.stopping) else { return };
        live.stopping = true;
        if let Run::Running { ready, .. } = &mut self.state.get_mut(which).run {
            // what is being stopped serves what it holds, and should be sent no more
            *ready = *ready && notice;
        }
        if !message.is_empty() {
            self.host.container_event(pod, container::path(which, &spec), EventType::Normal, "Killing", message);
        }
        let handler = spec.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.clone());
        let hook =
            handler.map(|handler| Hook { host: Arc::clone(&self.host), pod: Arc::clone(pod), which, handler, target });
        let instance = live.instance.clone();
        let id = instance.id.clone();
        let job = async move { instance.stop(hook, notice, grace).await };
        self.jobs.push(job.map(move |drained| Event::Stopped(which, id, drained)).boxed());
    }

    fn send_delete(&mut self, pod: &Pod) {
        // before anybody can hear that it is gone and come in its place
        self.host.admitted.release(&self.object.meta.uid);
        let (namespace, name) = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
        let api = self.host.cluster.api::<Pod>(&namespace.unwrap_or_default());
        let params = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { uid: pod.metadata.uid.clone(), resource_version: None }),
            ..DeleteParams::default()
        };
        if let Some(ending) = &mut self.ending {
            ending.delete = Delete::Sent;
        }
        let job = async move { api.delete(&name.unwrap_or_default(), &params).await.map(|_| ()) };
        self.jobs.push(job.map(Event::Deleted).boxed());
    }
}
