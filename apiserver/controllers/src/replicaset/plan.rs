//! What a ReplicaSet or a ReplicationController has to do about its pods; pure.

use std::time::Duration;

use client::views::Phase;
use k8s_openapi::jiff::Timestamp;

use super::rank;
use crate::ownership::{Candidate, Claim, Claimant};

/// More than this many pods are not created or deleted in one go.
const BURST: usize = 500;

/// A pod as the plan sees it.
#[derive(Clone, Debug)]
pub(crate) struct Pod<'a> {
    pub name: &'a str,
    pub uid: &'a str,
    /// The uid of its controller.
    pub controller: Option<&'a str>,
    /// Whether the selector matches.
    pub matches: bool,
    /// Whether it has every label of the template.
    pub fully_labeled: bool,
    pub deleting: bool,
    pub phase: Phase,
    pub assigned: bool,
    pub ready_since: Option<Timestamp>,
    pub deletion_cost: i32,
    pub restarts: i32,
    pub created: Timestamp,
    /// Active pods of the same family on the same node.
    pub neighbours: usize,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Goal<'a> {
    pub uid: &'a str,
    pub deleting: bool,
    pub replicas: usize,
    pub min_ready: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan<'a> {
    /// Names of pods to adopt.
    pub adopt: Vec<&'a str>,
    /// Names of pods to release.
    pub release: Vec<&'a str>,
    pub create: usize,
    /// Names of pods to delete, the cheapest first.
    pub delete: Vec<&'a str>,
    /// As observed, what is adopted included.
    pub counts: Counts,
    /// When a ready pod becomes available without any event.
    pub wake: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub replicas: i32,
    pub fully_labeled: i32,
    pub ready: i32,
    pub available: i32,
    pub terminating: i32,
}

pub(crate) fn plan<'a>(goal: &Goal<'_>, pods: &[Pod<'a>], now: Timestamp) -> Plan<'a> {
    let mut plan = Plan::default();
    let claimant = Claimant { uid: goal.uid, deleting: goal.deleting };
    let mut mine: Vec<&Pod<'a>> = Vec::new();
    for pod in pods.iter().filter(|pod| !pod.phase.is_terminal()) {
        if pod.deleting {
            plan.counts.terminating += i32::from(pod.controller == Some(goal.uid));
            continue;
        }
        let candidate = Candidate { controller: pod.controller, matches: pod.matches, deleting: pod.deleting };
        match claimant.claim(candidate) {
            Claim::Mine => mine.push(pod),
            Claim::Adopt => {
                plan.adopt.push(pod.name);
                mine.push(pod);
            }
            Claim::Release => plan.release.push(pod.name),
            Claim::Foreign => {}
        }
    }
    count(&mut plan, goal, &mine, now);
    if goal.deleting {
        return plan;
    }
    plan.create = goal.replicas.saturating_sub(mine.len()).min(BURST);
    let excess = mine.len().saturating_sub(goal.replicas).min(BURST);
    if excess > 0 {
        rank::sort(&mut mine, now);
        plan.delete = mine[..excess].iter().map(|pod| pod.name).collect();
    }
    plan
}

fn count(plan: &mut Plan<'_>, goal: &Goal<'_>, mine: &[&Pod<'_>], now: Timestamp) {
    for pod in mine {
        plan.counts.replicas += 1;
        plan.counts.fully_labeled += i32::from(pod.fully_labeled);
        let Some(since) = pod.ready_since else { continue };
        plan.counts.ready += 1;
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        match goal.min_ready.checked_sub(waited) {
            None | Some(Duration::ZERO) => plan.counts.available += 1,
            Some(left) => plan.wake = Some(plan.wake.map_or(left, |wake| wake.min(left))),
        }
    }
}

#[cfg(test)]
mod tests;
