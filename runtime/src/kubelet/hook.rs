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

/// Longer than any grace: the caller bounds a hook.
const UNBOUNDED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A lifecycle hook on its way.
pub(crate) struct Hook {
    pub(crate) host: Arc<Host>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) which: Which,
    pub(crate) handler: LifecycleHandler,
    pub(crate) target: Target,
}

impl Hook {
    /// Runs it to its end; the caller bounds the time. A failure is told in an event with `reason`; true if it went well. The event
    /// does not say why, as upstream's does not: it may be a secret.
    pub(crate) async fn run(&self, reason: &str, what: &str) -> bool {
        let Some(spec) = self.which.of(&self.pod) else { return true };
        let outcome = if let Some(sleep) = &self.handler.sleep {
            tokio::time::sleep(Duration::from_secs(u64::try_from(sleep.seconds).unwrap_or(0))).await;
            Outcome::Success
        } else if let Some(action) = &self.handler.http_get {
            let mut action = action.clone();
            action.port = probe::resolved_port(&spec, &action.port);
            // bounded by the caller's grace; upstream's client has no deadline of its own either
            probe::http(&self.target, &action, UNBOUNDED).await
        } else if let Some(action) = &self.handler.exec {
            probe::exec(&self.target, action.command.as_deref().unwrap_or_default(), UNBOUNDED).await
        } else if let Some(action) = &self.handler.tcp_socket {
            let port = probe::resolved_port(&spec, &action.port);
            probe::tcp(&self.target, action.host.as_deref(), &port, UNBOUNDED).await
        } else {
            Outcome::Error("invalid handler".to_owned())
        };
        match outcome {
            Outcome::Success | Outcome::Warning(_) => true,
            Outcome::Failure(why) | Outcome::Error(why) => {
                let path = container::path(self.which, &spec);
                tracing::debug!(container = spec.name, why, "a lifecycle hook failed");
                self.host.container_event(&self.pod, path, EventType::Warning, reason, what);
                false
            }
        }
    }
}
