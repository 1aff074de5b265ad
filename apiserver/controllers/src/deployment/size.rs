//! Numbers of replicas: surge, unavailability, and each ReplicaSet's fair share of a scaling.

use k8s_openapi::{
    api::apps::v1::{Deployment, ReplicaSet},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::revision;

/// What a Deployment allows during a roll-out; in pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub replicas: i32,
    pub surge: i32,
    pub unavailable: i32,
}

impl Limits {
    pub(super) fn of(deployment: &Deployment) -> Self {
        let replicas = wanted(deployment);
        if recreates(deployment) {
            return Self { replicas, surge: 0, unavailable: 0 };
        }
        let rolling = spec(deployment).strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let quarter = IntOrString::String("25%".into());
        let of = |field: Option<&IntOrString>, round| resolve(field.unwrap_or(&quarter), replicas, round);
        let surge = of(rolling.and_then(|r| r.max_surge.as_ref()), Round::Up);
        let unavailable = match of(rolling.and_then(|r| r.max_unavailable.as_ref()), Round::Down) {
            // neither more nor less could never move
            0 if surge == 0 => 1,
            some => some,
        };
        Self { replicas, surge, unavailable: unavailable.min(replicas) }
    }

    /// The most pods there may be.
    pub(super) fn most(self) -> i32 {
        self.replicas + self.surge
    }

    /// The fewest pods that must be available.
    pub(super) fn least(self) -> i32 {
        self.replicas - self.unavailable
    }
}

enum Round {
    Up,
    Down,
}

fn resolve(value: &IntOrString, of: i32, round: Round) -> i32 {
    match value {
        IntOrString::Int(number) => (*number).max(0),
        IntOrString::String(text) => {
            // validation lets only percentages through
            let percent = text.strip_suffix('%').and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
            let hundredths = i64::from(of) * percent;
            let whole = match round {
                Round::Up => (hundredths + 99) / 100,
                Round::Down => hundredths / 100,
            };
            i32::try_from(whole).unwrap_or(i32::MAX).max(0)
        }
    }
}

pub(super) fn spec(deployment: &Deployment) -> &k8s_openapi::api::apps::v1::DeploymentSpec {
    deployment.spec.as_ref().expect("validation requires a spec")
}

pub(super) fn wanted(deployment: &Deployment) -> i32 {
    spec(deployment).replicas.unwrap_or(1)
}

pub(super) fn recreates(deployment: &Deployment) -> bool {
    let strategy = spec(deployment).strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
    strategy == Some("Recreate")
}

/// `spec.replicas` of a ReplicaSet.
pub(super) fn size(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

pub(super) fn resize(set: &mut ReplicaSet, size: i32) {
    set.spec.get_or_insert_default().replicas = Some(size);
}

/// How many of its wanted pods are available. A status from before a scale-down may tell more: those are on their way out.
pub(super) fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0).min(size(set))
}

/// How many pods it may have at this moment: what it wants, or what it still has to take away.
pub(super) fn footprint(set: &ReplicaSet) -> i32 {
    set.status.as_ref().map_or(0, |status| status.replicas).max(size(set))
}

/// The size that the new ReplicaSet may have now; `all` is the footprint of every ReplicaSet, the new one's included.
pub(super) fn new_size(deployment: &Deployment, new: i32, all: i32) -> i32 {
    let limits = Limits::of(deployment);
    if recreates(deployment) || new > limits.replicas {
        return limits.replicas;
    }
    let room = (limits.most() - all).max(0);
    new + room.min(limits.replicas - new)
}

/// New sizes for `sets` (the active ones, in the order of their share: biggest first) when the Deployment was scaled in
/// the middle of a roll-out. What rounding leaves over goes to the first.
pub(super) fn proportional(sets: &[&ReplicaSet], deployment: &Deployment) -> Vec<i32> {
    let limits = Limits::of(deployment);
    let allowed = if limits.replicas > 0 { limits.most() } else { 0 };
    let change = allowed - sets.iter().map(|set| size(set)).sum::<i32>();
    let mut given = 0;
    let mut sizes: Vec<i32> = Vec::with_capacity(sets.len());
    for set in sets {
        let fair = share(set, limits, deployment);
        let left = change - given;
        let part = match change.signum() {
            1 => fair.min(left).max(0),
            -1 => fair.max(left).min(0),
            _ => 0,
        };
        given += part;
        sizes.push(size(set) + part);
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + change - given).max(0);
    }
    sizes
}

/// By how much a ReplicaSet would change if it kept its part of the whole.
fn share(set: &ReplicaSet, limits: Limits, deployment: &Deployment) -> i32 {
    if limits.replicas == 0 {
        return -size(set);
    }
    let before = revision::number(set, revision::MAX_REPLICAS)
        .or_else(|| deployment.status.as_ref().and_then(|status| status.replicas).map(i64::from))
        .filter(|before| *before > 0)
        .unwrap_or(i64::from(limits.most()));
    let scaled = i64::from(size(set)) * i64::from(limits.most());
    // rounded half up: both are positive
    let rounded = (2 * scaled + before) / (2 * before);
    i32::try_from(rounded).unwrap_or(i32::MAX) - size(set)
}

#[cfg(test)]
mod tests;
