//! What a pod worker knows of its pod: the containers as they are.

use std::{borrow::Cow, net::Ipv4Addr};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, EphemeralContainer, Pod, PodStatus};

use super::{admission::FAILURES, backoff::Backoff};

/// A container of a pod: each list of them is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Which {
    Init(usize),
    Main(usize),
    /// Added to a pod that runs, to look into it.
    Ephemeral(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PodState {
    pub(crate) ip: Option<Ipv4Addr>,
    pub(crate) start_time: Timestamp,
    pub(crate) volumes: Volumes,
    pub(crate) init: Vec<ContainerState>,
    pub(crate) main: Vec<ContainerState>,
    pub(crate) ephemeral: Vec<ContainerState>,
    /// The pod was refused or ended as a whole: reason and message of its status.
    pub(crate) failed: Option<Failed>,
    /// Since when each of our conditions is as it is, in the order of `status::CONDITIONS`.
    pub(crate) transitions: [Option<(bool, Timestamp)>; 5],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volumes {
    Pending,
    Ready,
}

/// Why a pod failed as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// It was not let in: no container of it is spoken of.
    pub(crate) refused: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ContainerState {
    pub(crate) run: Run,
    pub(crate) restarts: i32,
    pub(crate) image_id: String,
    pub(crate) container_id: String,
    /// How the run before this one ended.
    pub(crate) last: Option<Box<Ended>>,
    pub(crate) backoff: Backoff,
    pub(crate) pull: Backoff,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Run {
    /// Not running. `retry`: when it may be tried again; `None`: when something else happens.
    Waiting {
        reason: &'static str,
        message: String,
        retry: Option<Timestamp>,
    },
    Starting,
    Running {
        since: Timestamp,
        started: bool,
        ready: bool,
    },
    Ended(Box<Ended>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Timestamp,
    pub(crate) container_id: String,
}

impl ContainerState {
    pub(crate) fn new() -> Self {
        Self {
            run: Run::Waiting { reason: "", message: String::new(), retry: None },
            restarts: 0,
            image_id: String::new(),
            container_id: String::new(),
            last: None,
            backoff: Backoff::default(),
            pull: Backoff::default(),
        }
    }

    pub(crate) fn running(&self) -> bool {
        matches!(self.run, Run::Running { .. })
    }

    pub(crate) fn ready(&self) -> bool {
        matches!(self.run, Run::Running { ready: true, .. })
    }

    pub(crate) fn succeeded(&self) -> bool {
        matches!(&self.run, Run::Ended(ended) if ended.code == 0)
    }

    /// How it ended most recently, also when it waits to be started again.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.run {
            Run::Ended(ended) => Some(ended),
            _ => self.last.as_deref(),
        }
    }
}

impl PodState {
    /// The beginning, or what a pod's written status says of it: the process was restarted, nothing of it runs any more.
    pub(crate) fn resume(pod: &Pod, now: Timestamp) -> Self {
        let spec = pod.spec.as_ref();
        let status = pod.status.as_ref();
        let states = |containers: &[Container], statuses: Option<&Vec<ContainerStatus>>| {
            let of = |c: &Container| statuses.and_then(|all| all.iter().find(|status| status.name == c.name));
            containers.iter().map(|c| of(c).map_or_else(ContainerState::new, |s| resume_container(s, now))).collect()
        };
        Self {
            ip: None,
            start_time: status.and_then(|s| s.start_time.as_ref()).map_or(now, |time| time.0),
            volumes: Volumes::Pending,
            init: states(
                spec.and_then(|s| s.init_containers.as_deref()).unwrap_or_default(),
                status.and_then(|s| s.init_container_statuses.as_ref()),
            ),
            main: states(
                spec.map(|s| s.containers.as_slice()).unwrap_or_default(),
                status.and_then(|s| s.container_statuses.as_ref()),
            ),
            ephemeral: Vec::new(),
            failed: resume_failure(status),
            transitions: super::status::transitions(pod),
        }
        .with_ephemeral(pod, now)
    }

    fn with_ephemeral(mut self, pod: &Pod, now: Timestamp) -> Self {
        self.grow(pod, now);
        self
    }

    /// Takes up the ephemeral containers that were added since.
    pub(crate) fn grow(&mut self, pod: &Pod, now: Timestamp) {
        let all = pod.spec.as_ref().and_then(|spec| spec.ephemeral_containers.as_deref()).unwrap_or_default();
        let written =
            pod.status.as_ref().and_then(|status| status.ephemeral_container_statuses.as_deref()).unwrap_or_default();
        for spec in all.iter().skip(self.ephemeral.len()) {
            let status = written.iter().find(|status| status.name == spec.name);
            self.ephemeral.push(status.map_or_else(ContainerState::new, |status| resume_container(status, now)));
        }
    }

    pub(crate) fn get_mut(&mut self, which: Which) -> &mut ContainerState {
        match which {
            Which::Init(i) => &mut self.init[i],
            Which::Main(i) => &mut self.main[i],
            Which::Ephemeral(i) => &mut self.ephemeral[i],
        }
    }

    /// Every container, init containers first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Which, &ContainerState)> {
        let init = self.init.iter().enumerate().map(|(i, state)| (Which::Init(i), state));
        let main = self.main.iter().enumerate().map(|(i, state)| (Which::Main(i), state));
        let ephemeral = self.ephemeral.iter().enumerate().map(|(i, state)| (Which::Ephemeral(i), state));
        init.chain(main).chain(ephemeral)
    }
}

impl Which {
    /// The container's spec.
    pub(crate) fn of(self, pod: &Pod) -> Option<Cow<'_, Container>> {
        let spec = pod.spec.as_ref()?;
        match self {
            Self::Init(i) => spec.init_containers.as_ref()?.get(i).map(Cow::Borrowed),
            Self::Main(i) => spec.containers.get(i).map(Cow::Borrowed),
            Self::Ephemeral(i) => spec.ephemeral_containers.as_ref()?.get(i).map(|spec| Cow::Owned(as_container(spec))),
        }
    }
}

/// An ephemeral container has the fields of a container and one more.
fn as_container(spec: &EphemeralContainer) -> Container {
    let value = serde_json::to_value(spec).expect("a container is plain data");
    serde_json::from_value(value).expect("an ephemeral container has the fields of a container")
}

/// A pod that had failed as a whole stays so.
fn resume_failure(status: Option<&PodStatus>) -> Option<Failed> {
    let status = status.filter(|status| status.phase.as_deref() == Some("Failed"))?;
    let reason = FAILURES.into_iter().find(|reason| status.reason.as_deref() == Some(*reason))?;
    let refused = status.container_statuses.is_none();
    Some(Failed { reason, message: status.message.clone().unwrap_or_default(), refused })
}

fn resume_container(status: &ContainerStatus, now: Timestamp) -> ContainerState {
    let ended = |terminated: &ContainerStateTerminated| {
        Box::new(Ended {
            code: terminated.exit_code,
            reason: terminated.reason.clone().unwrap_or_default(),
            message: terminated.message.clone().unwrap_or_default(),
            started: terminated.started_at.as_ref().map(|time| time.0),
            finished: terminated.finished_at.as_ref().map_or(now, |time| time.0),
            container_id: terminated.container_id.clone().unwrap_or_default(),
        })
    };
    let mut state = ContainerState {
        restarts: status.restart_count,
        image_id: status.image_id.clone(),
        container_id: status.container_id.clone().unwrap_or_default(),
        last: status.last_state.as_ref().and_then(|last| last.terminated.as_ref()).map(ended),
        ..ContainerState::new()
    };
    let Some(now_is) = &status.state else { return state };
    if let Some(terminated) = &now_is.terminated {
        state.run = Run::Ended(ended(terminated));
    } else if let Some(running) = &now_is.running {
        // it died with the process; upstream says so of containers it finds dead after a reboot
        state.run = Run::Ended(Box::new(Ended {
            code: 255,
            reason: "Unknown".into(),
            message: String::new(),
            started: running.started_at.as_ref().map(|time| time.0),
            finished: now,
            container_id: state.container_id.clone(),
        }));
    } else if let Some(last) = state.last.take() {
        // it waited for its next start: the back-off is forgotten, the restart is not
        state.run = Run::Ended(last);
    }
    state
}
