//! A pod's status from what its worker knows. Pure.

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{
        Container, ContainerState as ApiState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
        ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodStatus, VolumeMount, VolumeMountStatus,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};
use serde_json::{Value, json};

use super::{
    plan::{self, Role},
    state::{ContainerState, Ended, PodState, Run, Volumes, Which},
};

/// The conditions that are ours, in the order upstream shows them. Others (readiness gates, `DisruptionTarget`) are left alone.
pub(crate) const CONDITIONS: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// Bytes of all messages of a pod's containers together.
const LONGEST_MESSAGES: usize = 12 * 1024;

/// Since when our conditions are as they are, by what was written.
pub(crate) fn transitions(pod: &Pod) -> [Option<(bool, Timestamp)>; 5] {
    let written = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    CONDITIONS.map(|name| {
        let condition = written.iter().find(|condition| condition.type_ == name)?;
        Some((condition.status == "True", condition.last_transition_time.as_ref()?.0))
    })
}

/// The status to write. Moves `state.transitions` where a condition turned.
pub(crate) fn of(pod: &Pod, state: &mut PodState, host: IpAddr, now: Timestamp) -> PodStatus {
    let phase = phase(pod, state);
    let conditions = conditions(pod, state, phase, now);
    // said when nothing of it runs any more, as the phase is
    let failed = state.failed.as_ref().filter(|_| phase == "Failed");
    let (reason, message) = (failed.map(|f| f.reason.to_owned()), failed.map(|f| f.message.clone()));
    let count = state.all().count().max(1);
    let statuses = |wanted: fn(Which) -> bool| {
        let all = state.all().filter(|(which, _)| wanted(*which)).filter_map(|(which, container)| {
            let creating = waiting_reason(pod, state, which);
            Some(container_status(&*which.of(pod)?, which, container, creating, LONGEST_MESSAGES / count))
        });
        let all: Vec<ContainerStatus> = all.collect();
        (!all.is_empty() && !failed.is_some_and(|failed| failed.refused)).then_some(all)
    };
    PodStatus {
        phase: Some(phase.to_owned()),
        conditions: Some(conditions),
        reason,
        message,
        host_ip: Some(host.to_string()),
        host_ips: Some(vec![HostIP { ip: host.to_string() }]),
        pod_ip: state.ip.map(|ip| ip.to_string()),
        pod_ips: state.ip.map(|ip| vec![PodIP { ip: ip.to_string() }]),
        start_time: Some(Time(seconds(state.start_time))),
        init_container_statuses: statuses(|which| matches!(which, Which::Init(_))),
        container_statuses: statuses(|which| matches!(which, Which::Main(_))),
        ephemeral_container_statuses: statuses(|which| matches!(which, Which::Ephemeral(_))),
        observed_generation: pod.metadata.generation,
        ..PodStatus::default()
    }
}

/// The strategic merge patch that makes `status` so: what is absent is taken away, what is others' stays.
pub(crate) fn patch(uid: &str, status: &PodStatus) -> Value {
    let mut value = serde_json::to_value(status).expect("a PodStatus is plain data");
    let clear = |value: &mut Value, names: &[&str]| {
        for name in names {
            if value.get(*name).is_none() {
                value[*name] = Value::Null;
            }
        }
    };
    clear(&mut value, &["reason", "message"]);
    // lists that strategic merge would add to: a new address takes the place of the old one
    for addresses in ["podIPs", "hostIPs"] {
        if let Some(addresses) = value[addresses].as_array_mut() {
            addresses.push(json!({ "$patch": "replace" }));
        }
    }
    for condition in value["conditions"].as_array_mut().into_iter().flatten() {
        clear(condition, &["reason", "message"]);
    }
    json!({ "metadata": { "uid": uid }, "status": value })
}

/// The phase as upstream derives it from the containers. A pod is not over while anything of it runs.
pub(crate) fn phase(pod: &Pod, state: &PodState) -> &'static str {
    let phase = derived(pod, state);
    let quiet = state.all().all(|(_, container)| !container.running() && container.run != Run::Starting);
    if quiet || !matches!(phase, "Succeeded" | "Failed") {
        return phase;
    }
    let ran = |container: &ContainerState| container.running() || container.ended().is_some();
    if state.main.iter().any(ran) { "Running" } else { "Pending" }
}

fn derived(pod: &Pod, state: &PodState) -> &'static str {
    if state.failed.is_some() || plan::init_failed(pod, state) {
        return "Failed";
    }
    let quiet = state.all().all(|(_, container)| !container.running() && container.run != Run::Starting);
    if pod.metadata.deletion_timestamp.is_some() && quiet && state.main.iter().any(|container| container.ended().is_some()) {
        // it ended because it was told to: what counts is how its containers took it
        let good = state.main.iter().all(ContainerState::succeeded);
        return if good { "Succeeded" } else { "Failed" };
    }
    if !plan::initialized(pod, state) {
        return "Pending";
    }
    if plan::over(pod, state) {
        let good = state.main.iter().all(ContainerState::succeeded);
        return if good { "Succeeded" } else { "Failed" };
    }
    let never_ran = |c: &ContainerState| matches!(c.run, Run::Waiting { .. } | Run::Starting) && c.last.is_none();
    if state.main.iter().any(never_ran) { "Pending" } else { "Running" }
}

fn conditions(pod: &Pod, state: &mut PodState, phase: &str, now: Timestamp) -> Vec<PodCondition> {
    let over = matches!(phase, "Succeeded" | "Failed");
    let initialized = match phase {
        "Succeeded" => Verdict::TRUE.because("PodCompleted"),
        _ if plan::initialized(pod, state) => Verdict::TRUE,
        _ => Verdict::incomplete(&names(pod, state, |which, c| {
            matches!(which, Which::Init(_)) && !c.succeeded() && !c.running()
        })),
    };
    let unready = names(pod, state, |which, c| is_long_running(pod, which) && !c.ready());
    let containers = match phase {
        "Succeeded" => Verdict::FALSE.because("PodCompleted"),
        "Failed" => Verdict::FALSE.because("PodFailed"),
        _ if unready.is_empty() => Verdict::TRUE,
        _ => Verdict::unready(&unready),
    };
    let ready = match gates(pod) {
        closed if containers.ok && !closed.is_empty() => closed_gates(&closed),
        _ => containers.clone(),
    };
    let sandbox =
        if state.ip.is_some() && state.volumes == Volumes::Ready && !over { Verdict::TRUE } else { Verdict::FALSE };
    let all = [sandbox, initialized, ready, containers, Verdict::TRUE];
    let mut conditions = Vec::with_capacity(all.len());
    for (i, verdict) in all.into_iter().enumerate() {
        let since = match state.transitions[i] {
            Some((was, since)) if was == verdict.ok => since,
            _ => seconds(now),
        };
        state.transitions[i] = Some((verdict.ok, since));
        conditions.push(PodCondition {
            type_: CONDITIONS[i].to_owned(),
            status: if verdict.ok { "True" } else { "False" }.to_owned(),
            reason: verdict.reason.map(str::to_owned),
            message: verdict.message,
            last_transition_time: Some(Time(since)),
            observed_generation: pod.metadata.generation,
            ..PodCondition::default()
        });
    }
    conditions
}

#[derive(Clone)]
struct Verdict {
    ok: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

impl Verdict {
    const TRUE: Self = Self { ok: true, reason: None, message: None };
    const FALSE: Self = Self { ok: false, reason: None, message: None };

    fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    fn unready(names: &[String]) -> Self {
        let message = format!("containers with unready status: [{}]", names.join(" "));
        Self { ok: false, reason: Some("ContainersNotReady"), message: Some(message) }
    }

    fn incomplete(names: &[String]) -> Self {
        let message = format!("containers with incomplete status: [{}]", names.join(" "));
        Self { ok: false, reason: Some("ContainersNotInitialized"), message: Some(message) }
    }
}

/// Readiness gates that are not open.
fn gates(pod: &Pod) -> Vec<(&str, bool)> {
    let gates = pod.spec.as_ref().and_then(|spec| spec.readiness_gates.as_deref()).unwrap_or_default();
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let find = |name: &str| conditions.iter().find(|condition| condition.type_ == name);
    gates
        .iter()
        .map(|gate| (gate.condition_type.as_str(), find(&gate.condition_type)))
        .filter(|(_, condition)| condition.is_none_or(|condition| condition.status != "True"))
        .map(|(name, condition)| (name, condition.is_some()))
        .collect()
}

fn closed_gates(closed: &[(&str, bool)]) -> Verdict {
    let sentences: Vec<String> = closed
        .iter()
        .map(|(name, exists)| {
            let what =
                if *exists { "the status of pod readiness gate" } else { "corresponding condition of pod readiness gate" };
            let end = if *exists { "is not \"True\", but False" } else { "does not exist." };
            format!("{what} \"{name}\" {end}")
        })
        .collect();
    Verdict { ok: false, reason: Some("ReadinessGatesNotReady"), message: Some(sentences.join(", ")) }
}

fn is_long_running(pod: &Pod, which: Which) -> bool {
    which.of(pod).is_some_and(|spec| matches!(plan::role(which, &spec), Role::Main | Role::Sidecar))
}

fn names(pod: &Pod, state: &PodState, wanted: impl Fn(Which, &ContainerState) -> bool) -> Vec<String> {
    state
        .all()
        .filter(|(which, container)| wanted(*which, container))
        .filter_map(|(which, _)| which.of(pod).map(|spec| spec.name.clone()))
        .collect()
}

fn waiting_reason(pod: &Pod, state: &PodState, which: Which) -> &'static str {
    match which {
        Which::Ephemeral(_) => "ContainerCreating",
        Which::Init(_) | Which::Main(_) if state.init.is_empty() => "ContainerCreating",
        Which::Main(_) if plan::initialized(pod, state) => "ContainerCreating",
        _ => "PodInitializing",
    }
}

fn container_status(
    spec: &Container,
    which: Which,
    state: &ContainerState,
    creating: &str,
    longest: usize,
) -> ContainerStatus {
    let (started, ready) = match (&state.run, plan::role(which, spec)) {
        (Run::Running { started, .. }, Role::Init | Role::Ephemeral) => (*started, false),
        (Run::Running { started, ready, .. }, _) => (*started, *ready),
        // an init container that did its work counts as ready
        (_, Role::Init) => (false, state.succeeded()),
        _ => (false, false),
    };
    let running = matches!(state.run, Run::Running { .. });
    let resources = spec.resources.clone().filter(|_| running && which_has_resources(which));
    ContainerStatus {
        name: spec.name.clone(),
        image: spec.image.clone().unwrap_or_default(),
        image_id: state.image_id.clone(),
        container_id: (!state.container_id.is_empty()).then(|| state.container_id.clone()),
        restart_count: state.restarts,
        started: Some(started),
        ready,
        state: Some(api_state(state, creating, longest)),
        last_state: Some(state.last.as_deref().map_or_else(ApiState::default, |last| terminated(last, longest))),
        allocated_resources: resources.as_ref().and_then(|resources| resources.requests.clone()),
        resources,
        volume_mounts: volume_mounts(spec),
        ..ContainerStatus::default()
    }
}

fn which_has_resources(which: Which) -> bool {
    !matches!(which, Which::Ephemeral(_))
}

fn volume_mounts(spec: &Container) -> Option<Vec<VolumeMountStatus>> {
    let mounts = spec.volume_mounts.as_ref().filter(|mounts| !mounts.is_empty())?;
    let status = |mount: &VolumeMount| VolumeMountStatus {
        name: mount.name.clone(),
        mount_path: mount.mount_path.clone(),
        read_only: mount.read_only,
        recursive_read_only: mount.read_only.filter(|read_only| *read_only).map(|_| "Disabled".to_owned()),
    };
    Some(mounts.iter().map(status).collect())
}

fn api_state(state: &ContainerState, creating: &str, longest: usize) -> ApiState {
    let waiting = |reason: &str, message: &str| ApiState {
        waiting: Some(ContainerStateWaiting {
            reason: Some(if reason.is_empty() { creating } else { reason }.to_owned()),
            message: (!message.is_empty()).then(|| message.to_owned()),
        }),
        ..ApiState::default()
    };
    match &state.run {
        Run::Waiting { reason, message, .. } => waiting(reason, message),
        Run::Starting => waiting("", ""),
        Run::Running { since, .. } => ApiState {
            running: Some(ContainerStateRunning { started_at: Some(Time(seconds(*since))) }),
            ..ApiState::default()
        },
        Run::Ended(ended) => terminated(ended, longest),
    }
}

/// As much of a message as is a container's share.
fn shortened(message: &str, longest: usize) -> String {
    message[..message.floor_char_boundary(longest)].to_owned()
}

fn terminated(ended: &Ended, longest: usize) -> ApiState {
    ApiState {
        terminated: Some(ContainerStateTerminated {
            exit_code: ended.code,
            reason: (!ended.reason.is_empty()).then(|| ended.reason.clone()),
            message: (!ended.message.is_empty()).then(|| shortened(&ended.message, longest)),
            started_at: ended.started.map(|time| Time(seconds(time))),
            finished_at: Some(Time(seconds(ended.finished))),
            container_id: (!ended.container_id.is_empty()).then(|| ended.container_id.clone()),
            signal: None,
        }),
        ..ApiState::default()
    }
}

/// `metav1.Time` has whole seconds: finer ones would come back different and look like a change.
pub(crate) fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).expect("a timestamp without its fraction is a timestamp")
}

#[cfg(test)]
mod tests;
