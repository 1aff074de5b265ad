//! What `kubectl get pods` shows.

use serde_json::Value;

use super::addresses;
use crate::{
    kind::Column,
    kinds::{
        columns::{age, or_none},
        read::{at, integer, list, text},
    },
};

pub(super) static COLUMNS: &[Column] = &[
    Column::NAME,
    Column::text("Ready", |pod| {
        let summary = Summary::of(pod);
        format!("{}/{}", summary.ready, summary.total).into()
    }),
    Column::text("Status", |pod| Summary::of(pod).reason.into()),
    Column::text("Restarts", restarts),
    Column::AGE,
    Column::text("IP", |pod| or_none(addresses(pod).first().copied().unwrap_or_default())).wide(),
    Column::text("Node", |pod| or_none(text(pod, &["spec", "nodeName"]))).wide(),
    Column::text("Nominated Node", |pod| or_none(text(pod, &["status", "nominatedNodeName"]))).wide(),
    Column::text("Readiness Gates", readiness_gates).wide(),
];

fn restarts(pod: &Value) -> Value {
    let summary = Summary::of(pod);
    match summary.last_restart {
        Some(at) if summary.restarts != 0 => {
            let ago = age(&at.to_string().into());
            format!("{} ({} ago)", summary.restarts, ago.as_str().unwrap_or_default()).into()
        }
        _ => summary.restarts.to_string().into(),
    }
}

fn readiness_gates(pod: &Value) -> Value {
    let gates = list(pod, &["spec", "readinessGates"]);
    if gates.is_empty() {
        return "<none>".into();
    }
    let open = gates.iter().filter(|gate| condition(pod, text(gate, &["conditionType"])) == "True").count();
    format!("{open}/{}", gates.len()).into()
}

/// The status of the pod's condition of type `kind`; empty without it.
fn condition<'a>(pod: &'a Value, kind: &str) -> &'a str {
    let conditions = list(pod, &["status", "conditions"]);
    conditions.iter().find(|c| c["type"] == kind).map_or("", |c| text(c, &["status"]))
}

/// All containers in a few words.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) ready: usize,
    pub(super) total: usize,
    pub(super) restarts: i64,
    pub(super) last_restart: Option<jiff::Timestamp>,
    pub(super) reason: String,
}

impl Summary {
    pub(super) fn of(pod: &Value) -> Self {
        let mut summary = Self {
            total: list(pod, &["spec", "containers"]).len()
                + list(pod, &["spec", "initContainers"]).iter().filter(|c| c["restartPolicy"] == "Always").count(),
            reason: first_reason(pod),
            ..Self::default()
        };
        let initializing = summary.add_init_containers(pod);
        if !initializing || condition(pod, "Initialized") == "True" {
            summary.add_containers(pod);
        }
        if !at(pod, &["metadata", "deletionTimestamp"]).is_null() {
            let ended = matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed");
            if text(pod, &["status", "reason"]) == "NodeLost" {
                summary.reason = "Unknown".into();
            } else if !ended {
                summary.reason = "Terminating".into();
            }
        }
        summary
    }

    /// Counts the restarts of one container.
    fn count(&mut self, status: &Value) {
        self.restarts += integer(status, &["restartCount"]);
        let finished = text(status, &["lastState", "terminated", "finishedAt"]).parse().ok();
        self.last_restart = self.last_restart.max(finished);
    }

    /// Whether one of them still has to end, or has failed; its state is then the pod's.
    fn add_init_containers(&mut self, pod: &Value) -> bool {
        let specs = list(pod, &["spec", "initContainers"]);
        let sidecar = |name: &Value| specs.iter().any(|spec| spec["name"] == *name && spec["restartPolicy"] == "Always");
        let mut sidecars = Self::default();
        for (i, status) in list(pod, &["status", "initContainerStatuses"]).iter().enumerate() {
            self.count(status);
            if sidecar(&status["name"]) {
                sidecars.count(status);
            }
            let (waiting, terminated) =
                (text(status, &["state", "waiting", "reason"]), at(status, &["state", "terminated"]));
            if !terminated.is_null() && integer(terminated, &["exitCode"]) == 0 {
                continue;
            }
            if sidecar(&status["name"]) && at(status, &["started"]) == true {
                self.ready += usize::from(at(status, &["ready"]) == true);
                continue;
            }
            self.reason = if !terminated.is_null() {
                format!("Init:{}", ended(terminated))
            } else if !matches!(waiting, "" | "PodInitializing") {
                format!("Init:{waiting}")
            } else {
                format!("Init:{i}/{}", specs.len())
            };
            return true;
        }
        // those that have done their work no longer count
        (self.restarts, self.last_restart) = (sidecars.restarts, sidecars.last_restart);
        false
    }

    fn add_containers(&mut self, pod: &Value) {
        let mut running = false;
        for status in list(pod, &["status", "containerStatuses"]).iter().rev() {
            self.count(status);
            let (waiting, terminated) =
                (text(status, &["state", "waiting", "reason"]), at(status, &["state", "terminated"]));
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if !terminated.is_null() {
                self.reason = ended(terminated);
            } else if at(status, &["ready"]) == true && !at(status, &["state", "running"]).is_null() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && running {
            self.reason = if condition(pod, "Ready") == "True" { "Running" } else { "NotReady" }.into();
        }
    }
}

/// What the pod itself says, before its containers are asked.
fn first_reason(pod: &Value) -> String {
    let gated = |c: &Value| c["type"] == "PodScheduled" && c["reason"] == "SchedulingGated";
    if list(pod, &["status", "conditions"]).iter().any(gated) {
        return "SchedulingGated".into();
    }
    match text(pod, &["status", "reason"]) {
        "" => text(pod, &["status", "phase"]).into(),
        reason => reason.into(),
    }
}

fn ended(terminated: &Value) -> String {
    match (text(terminated, &["reason"]), integer(terminated, &["signal"])) {
        ("", 0) => format!("ExitCode:{}", integer(terminated, &["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
