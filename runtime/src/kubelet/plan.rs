//! What to do next for a pod's containers. Pure: the spec, what is, and the time go in.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerRestartRule, Pod};

use super::state::{ContainerState, PodState, Run, Volumes, Which};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    SetUpVolumes,
    Start(Which),
    /// It failed and must wait until then; said once per wait.
    BackOff(Which, Timestamp),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// When time alone changes what to do.
    pub(crate) wake: Option<Timestamp>,
}

/// What a container does in its pod decides when it is started again and what waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Init,
    Sidecar,
    Main,
    Ephemeral,
}

pub(crate) fn plan(pod: &Pod, state: &PodState, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    if over(pod, state) || pod.metadata.deletion_timestamp.is_some() {
        return plan;
    }
    if state.volumes == Volumes::Pending {
        plan.steps.push(Step::SetUpVolumes);
        return plan;
    }
    let initialized = initialized(pod, state);
    for (which, container) in state.all() {
        let Some(spec) = which.of(pod) else { continue };
        let turn = match which {
            Which::Ephemeral(_) => true,
            Which::Init(i) => role(which, &spec) == Role::Sidecar && initialized || first_waiting(pod, state) >= Some(i),
            Which::Main(_) => initialized,
        };
        if turn {
            consider(&mut plan, which, container, |code| again(pod, which, &spec, code), now);
        }
    }
    plan
}

/// Whether the pod has ended for good: nothing of it is started again.
pub(crate) fn over(pod: &Pod, state: &PodState) -> bool {
    if state.failed.is_some() || init_failed(pod, state) {
        return true;
    }
    let ended = |(i, container): (usize, &ContainerState)| {
        let which = Which::Main(i);
        match (&container.run, which.of(pod)) {
            (Run::Ended(ended), Some(spec)) => !again(pod, which, &spec, ended.code),
            _ => false,
        }
    };
    !state.main.is_empty() && state.main.iter().enumerate().all(ended)
}

/// Whether an init container failed in a pod that does not try again.
pub(crate) fn init_failed(pod: &Pod, state: &PodState) -> bool {
    state.init.iter().enumerate().any(|(i, container)| {
        let which = Which::Init(i);
        match (&container.run, which.of(pod)) {
            (Run::Ended(ended), Some(spec)) => ended.code != 0 && !again(pod, which, &spec, ended.code),
            _ => false,
        }
    })
}

/// Whether the containers may run: each init container is done, each sidecar is up (or was: it comes back by itself).
pub(crate) fn initialized(pod: &Pod, state: &PodState) -> bool {
    first_waiting(pod, state).is_none() || state.main.iter().any(|c| c.running() || c.ended().is_some())
}

pub(crate) fn role(which: Which, spec: &Container) -> Role {
    match which {
        Which::Main(_) => Role::Main,
        Which::Ephemeral(_) => Role::Ephemeral,
        Which::Init(_) if spec.restart_policy.as_deref() == Some("Always") => Role::Sidecar,
        Which::Init(_) => Role::Init,
    }
}

/// The init container the pod waits for; those before it are done or up.
fn first_waiting(pod: &Pod, state: &PodState) -> Option<usize> {
    state.init.iter().enumerate().position(|(i, container)| {
        let which = Which::Init(i);
        match which.of(pod).map(|spec| role(which, &spec)) {
            Some(Role::Sidecar) => !matches!(container.run, Run::Running { started: true, .. }),
            _ => !container.succeeded(),
        }
    })
}

/// Whether a container that ended with `code` is started again: by its rules, else by its own policy, else by the pod's.
fn again(pod: &Pod, which: Which, spec: &Container, code: i32) -> bool {
    let role = role(which, spec);
    match role {
        Role::Ephemeral => return false,
        Role::Sidecar => return true,
        Role::Init | Role::Main => {}
    }
    if spec.restart_policy_rules.iter().flatten().any(|rule| rule.action == "Restart" && applies(rule, code)) {
        return true;
    }
    let pods = pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    match spec.restart_policy.as_deref().or(pods).unwrap_or("Always") {
        "Never" => false,
        "OnFailure" => code != 0,
        // an init container that succeeded is done
        _ => role == Role::Main || code != 0,
    }
}

fn applies(rule: &ContainerRestartRule, code: i32) -> bool {
    rule.exit_codes.as_ref().is_some_and(|codes| {
        let listed = codes.values.iter().flatten().any(|value| *value == code);
        listed == (codes.operator == "In")
    })
}

/// Whom to ask to go next, of those that run: containers together, then the sidecars one by one, the last first.
pub(crate) fn next_to_stop(pod: &Pod, live: &[Which]) -> Vec<Which> {
    let sidecar = |which: &Which| which.of(pod).is_some_and(|spec| role(*which, &spec) == Role::Sidecar);
    let (sidecars, others): (Vec<Which>, Vec<Which>) = live.iter().copied().partition(sidecar);
    if others.is_empty() { sidecars.into_iter().max().into_iter().collect() } else { others }
}

fn consider(plan: &mut Plan, which: Which, container: &ContainerState, again: impl Fn(i32) -> bool, now: Timestamp) {
    let until = match &container.run {
        Run::Starting | Run::Running { .. } => return,
        Run::Waiting { retry, .. } => *retry,
        Run::Ended(ended) if !again(ended.code) => return,
        Run::Ended(ended) => {
            let until = container.backoff.until(ended.finished).filter(|until| *until > now);
            if let Some(until) = until {
                plan.steps.push(Step::BackOff(which, until));
            }
            until
        }
    };
    match until {
        Some(until) if until > now => plan.wake = Some(plan.wake.map_or(until, |wake| wake.min(until))),
        _ => plan.steps.push(Step::Start(which)),
    }
}

#[cfg(test)]
mod tests;
