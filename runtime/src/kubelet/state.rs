//! What a pod worker knows of its pod: the containers as they are.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, Pod};

use super::backoff::Backoff;

/// A container of a pod: init containers and containers are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Which {
    Init(usize),
    Main(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PodState {
    pub(crate) ip: Option<Ipv4Addr>,
    pub(crate) start_time: Timestamp,
    pub(crate) volumes: Volumes,
    pub(crate) init: Vec<ContainerState>,
    pub(crate) main: Vec<ContainerState>,
    /// The pod was refused or ended as a whole: reason and message of its status.
    pub(crate) failed: Option<(&'static str, String)>,
    /// Since when each of our conditions is as it is, in the order of `status::CONDITIONS`.
    pub(crate) transitions: [Option<(bool, Timestamp)>; 5],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volumes {
    Pending,
    Ready,
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
            failed: None,
            transitions: super::status::transitions(pod),
        }
    }

    pub(crate) fn get(&self, which: Which) -> &ContainerState {
        match which {
            Which::Init(i) => &self.init[i],
            Which::Main(i) => &self.main[i],
        }
    }

    pub(crate) fn get_mut(&mut self, which: Which) -> &mut ContainerState {
        match which {
            Which::Init(i) => &mut self.init[i],
            Which::Main(i) => &mut self.main[i],
        }
    }

    /// Every container, init containers first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Which, &ContainerState)> {
        let init = self.init.iter().enumerate().map(|(i, state)| (Which::Init(i), state));
        init.chain(self.main.iter().enumerate().map(|(i, state)| (Which::Main(i), state)))
    }
}

impl Which {
    /// The container's spec.
    pub(crate) fn of(self, pod: &Pod) -> Option<&Container> {
        let spec = pod.spec.as_ref()?;
        match self {
            Self::Init(i) => spec.init_containers.as_ref()?.get(i),
            Self::Main(i) => spec.containers.get(i),
        }
    }
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
