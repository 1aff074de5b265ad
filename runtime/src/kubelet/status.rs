//! A pod's status from what its worker knows. Pure.

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{
        Container, ContainerState as ApiState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
        ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodStatus,
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
    let (reason, message) = match &state.failed {
        Some((reason, message)) => (Some((*reason).to_owned()), Some(message.clone())),
        None => (None, None),
    };
    let statuses = |whole: Option<&Vec<Container>>, which: fn(usize) -> Which| {
        let all: Vec<ContainerStatus> = whole?
            .iter()
            .enumerate()
            .map(|(i, spec)| container(spec, which(i), state.get(which(i)), waiting_reason(pod, state, which(i))))
            .collect();
        (!all.is_empty()).then_some(all)
    };
    let spec = pod.spec.as_ref();
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
        init_container_statuses: statuses(spec.and_then(|s| s.init_containers.as_ref()), Which::Init),
        container_statuses: statuses(spec.map(|s| &s.containers), Which::Main),
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

/// The phase as upstream derives it from the containers.
pub(crate) fn phase(pod: &Pod, state: &PodState) -> &'static str {
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

    fn unready(names: &[&str]) -> Self {
        let message = format!("containers with unready status: [{}]", names.join(" "));
        Self { ok: false, reason: Some("ContainersNotReady"), message: Some(message) }
    }

    fn incomplete(names: &[&str]) -> Self {
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
    which.of(pod).is_some_and(|spec| plan::role(which, spec) != Role::Init)
}

fn names<'p>(pod: &'p Pod, state: &PodState, wanted: impl Fn(Which, &ContainerState) -> bool) -> Vec<&'p str> {
    state
        .all()
        .filter(|(which, container)| wanted(*which, container))
        .filter_map(|(which, _)| which.of(pod).map(|spec| spec.name.as_str()))
        .collect()
}

fn waiting_reason(pod: &Pod, state: &PodState, which: Which) -> &'static str {
    match which {
        Which::Init(_) | Which::Main(_) if state.init.is_empty() => "ContainerCreating",
        Which::Main(_) if plan::initialized(pod, state) => "ContainerCreating",
        _ => "PodInitializing",
    }
}

fn container(spec: &Container, which: Which, state: &ContainerState, creating: &str) -> ContainerStatus {
    let (started, ready) = match (&state.run, plan::role(which, spec)) {
        (Run::Running { started, .. }, Role::Init) => (*started, false),
        (Run::Running { started, ready, .. }, _) => (*started, *ready),
        // an init container that did its work counts as ready
        (_, Role::Init) => (false, state.succeeded()),
        _ => (false, false),
    };
    ContainerStatus {
        name: spec.name.clone(),
        image: spec.image.clone().unwrap_or_default(),
        image_id: state.image_id.clone(),
        container_id: (!state.container_id.is_empty()).then(|| state.container_id.clone()),
        restart_count: state.restarts,
        started: Some(started),
        ready,
        state: Some(api_state(state, creating)),
        last_state: Some(state.last.as_deref().map_or_else(ApiState::default, terminated)),
        ..ContainerStatus::default()
    }
}

fn api_state(state: &ContainerState, creating: &str) -> ApiState {
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
        Run::Ended(ended) => terminated(ended),
    }
}

fn terminated(ended: &Ended) -> ApiState {
    ApiState {
        terminated: Some(ContainerStateTerminated {
            exit_code: ended.code,
            reason: (!ended.reason.is_empty()).then(|| ended.reason.clone()),
            message: (!ended.message.is_empty()).then(|| ended.message.clone()),
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
