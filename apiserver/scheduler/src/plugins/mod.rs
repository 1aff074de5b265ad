//! Filters say whether a pod may go to a node, scores how gladly. One file each; the tables below are all there is.

mod balanced_allocation;
mod least_allocated;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_unschedulable;
mod spread;
mod taint_toleration;

use crate::{
    cache::{NodeChange, Slot},
    node::Node,
    pod::Pod,
};

/// Whether making room on the node could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    Preemption,
    Nothing,
}

/// Why a pod may not go to a node: upstream's words, one for each reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reasons: Vec<String>,
    pub(crate) cure: Cure,
}

/// Something happened that may help pods that wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Node(NodeChange),
    /// A pod left its node.
    Freed,
}

pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Pod, &Node, &Slot) -> Result<(), Refusal>,
    /// Whether a pod that this filter refused should be tried again after an event (other than a new node).
    pub(crate) helped_by: fn(Event) -> bool,
}

pub(crate) struct Score {
    pub(crate) weight: i64,
    /// A raw score, the same unit for every node.
    pub(crate) run: fn(&Pod, Option<&str>, &Node, &Slot) -> i64,
    /// Turns the raw scores of all candidates into 0..=100.
    pub(crate) normalize: fn(&mut [i64]),
}

/// In the order in which a node is asked; its first refusal is the one that is told.
pub(crate) static FILTERS: &[Filter] = &[
    node_unschedulable::FILTER,
    node_name::FILTER,
    taint_toleration::FILTER,
    node_affinity::FILTER,
    node_ports::FILTER,
    node_resources_fit::FILTER,
];

pub(crate) static SCORES: &[Score] =
    &[taint_toleration::SCORE, node_affinity::SCORE, spread::SCORE, least_allocated::SCORE, balanced_allocation::SCORE];

impl Refusal {
    fn for_good(reason: impl Into<String>) -> Self {
        Self { reasons: vec![reason.into()], cure: Cure::Nothing }
    }
}

/// For scores that are 0..=100 by themselves.
fn as_is(_: &mut [i64]) {}

/// The largest becomes 100.
fn larger_is_better(scores: &mut [i64]) {
    let max = scores.iter().copied().max().unwrap_or_default();
    if max > 0 {
        scores.iter_mut().for_each(|score| *score = *score * 100 / max);
    }
}

/// The largest becomes 0; if all are 0, all are best.
fn smaller_is_better(scores: &mut [i64]) {
    larger_is_better(scores);
    scores.iter_mut().for_each(|score| *score = 100 - *score);
}
