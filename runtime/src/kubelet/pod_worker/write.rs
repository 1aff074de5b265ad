//! Writes the status, the latest only.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};

use super::{Event, Worker};
use crate::kubelet::{state::Run, status};

/// A status that says no more than that a start is under way is held back so long: most starts are done by then, and the
/// write that would be overtaken is saved.
const HOLD: SignedDuration = SignedDuration::from_millis(100);
/// A write that failed is tried again after so long.
const RETRY: SignedDuration = SignedDuration::from_secs(1);

/// At most one write is under way.
#[derive(Default)]
pub(super) struct Writer {
    wanted: Option<u64>,
    written: Option<u64>,
    busy: bool,
    hold: Option<Timestamp>,
    retry: Option<Timestamp>,
}

impl Writer {
    pub(super) fn hold_back(&mut self) {
        self.hold = Some(Timestamp::now() + HOLD);
    }

    /// What is known is written.
    pub(super) fn is_settled(&self) -> bool {
        !self.busy && self.wanted.is_some() && self.wanted == self.written
    }

    pub(super) fn written(&mut self, print: u64, written: kube::Result<()>, now: Timestamp) {
        self.busy = false;
        match written {
            Ok(()) => self.written = Some(print),
            // the pod is gone: there is nobody to tell
            Err(error) if client::error::is_not_found(&error) => self.written = Some(print),
            Err(error) => {
                tracing::warn!(%error, "cannot write a pod's status; trying again");
                self.retry = Some(now + RETRY);
            }
        }
    }
}

impl Worker {
    /// Writes the status if it changed and nothing speaks against it. Returns when to look again.
    pub(super) fn publish(&mut self, pod: &Arc<Pod>, now: Timestamp) -> Option<Timestamp> {
        let status = status::of(pod, &mut self.state, self.host.address, now);
        let patch = status::patch(&self.object.meta.uid, &status);
        let mut print = DefaultHasher::new();
        patch.to_string().hash(&mut print);
        let print = print.finish();
        self.writer.wanted = Some(print);
        if self.writer.busy || self.writer.written == Some(print) {
            return None;
        }
        let starting = self.state.all().any(|(_, container)| container.run == Run::Starting);
        let hold = self.writer.hold.filter(|hold| starting && *hold > now);
        let wait = hold.max(self.writer.retry.filter(|retry| *retry > now));
        if wait.is_some() {
            return wait;
        }
        self.writer.busy = true;
        let (host, key) = (Arc::clone(&self.host), self.object.meta.key.clone());
        let job = async move {
            let _turn = host.writes.acquire().await.expect("the semaphore is never closed");
            let pods = host.cluster.api::<Pod>(&key.namespace);
            let written = pods.patch_status(&key.name, &PatchParams::default(), &Patch::Strategic(&patch)).await;
            Event::Written(print, written.map(|_| ()))
        };
        self.jobs.push(job.boxed());
        None
    }
}
