//! A lifecycle hook: after a container has started, before it is stopped.

use std::{sync::Arc, time::Duration};

use client::EventType;
use k8s_openapi::api::core::v1::{LifecycleHandler, Pod};

use super::{
    container,
    host::Host,
    probe::{self, Outcome, Target},
    state::Which,
};

/// A lifecycle hook on its way.
pub(crate) struct Hook {
    pub(crate) host: Arc<Host>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) which: Which,
    pub(crate) handler: LifecycleHandler,
    pub(crate) target: Target,
}

impl Hook {
    /// Runs it to its end; the caller bounds the time. A failure is told in an event with `reason`; true if it went well.
    pub(crate) async fn run(&self, reason: &str, what: &str) -> bool {
        let Some(spec) = self.which.of(&self.pod) else { return true };
        let outcome = if let Some(sleep) = &self.handler.sleep {
            tokio::time::sleep(Duration::from_secs(u64::try_from(sleep.seconds).unwrap_or(0))).await;
            Outcome::Success
        } else if let Some(action) = &self.handler.http_get {
            let mut action = action.clone();
            action.port = probe::resolved_port(spec, &action.port);
            // bounded by the caller's grace; upstream's client has no deadline of its own either
            probe::http(&self.target, &action, Duration::from_secs(3600)).await
        } else {
            Outcome::Error("exec hooks are not supported by this node".to_owned())
        };
        match outcome {
            Outcome::Success => true,
            Outcome::Failure(why) | Outcome::Error(why) => {
                let path = container::path(self.which, spec);
                self.host.container_event(&self.pod, path, EventType::Warning, reason, &format!("{what}: {why}"));
                false
            }
        }
    }
}
