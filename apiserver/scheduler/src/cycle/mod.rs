//! One pod, all nodes: which one, or why none.

use std::collections::BTreeMap;

use crate::{
    cache::Slot,
    node::Node,
    plugins::{Cure, FILTERS, Refusal, SCORES},
    pod::Pod,
};

/// Why no node takes the pod. `Display` is upstream's sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unschedulable {
    nodes: usize,
    /// How many nodes give each reason.
    reasons: BTreeMap<String, usize>,
    /// Nodes on which evicting others could not help.
    hopeless: usize,
    /// Filters that refused: what has to change.
    pub(crate) filters: Vec<&'static str>,
}

/// The node for `pod` (whose controlling owner has the uid `owner`). Among equals `turn` decides, so that they take turns.
///
/// # Errors
/// When every node refuses, or there is none.
pub(crate) fn schedule_one<'a>(
    pod: &Pod,
    owner: Option<&str>,
    nodes: impl Iterator<Item = (&'a Node, &'a Slot)>,
    turn: usize,
) -> Result<&'a Node, Unschedulable> {
    let mut none = Unschedulable::default();
    let mut candidates = Vec::new();
    for (node, slot) in nodes {
        none.nodes += 1;
        match filter(pod, node, slot) {
            Ok(()) => candidates.push((node, slot)),
            Err((name, refusal)) => none.note(name, refusal),
        }
    }
    match candidates.as_slice() {
        [] => Err(none),
        [(only, _)] => Ok(only),
        several => Ok(best(pod, owner, several, turn)),
    }
}

fn filter(pod: &Pod, node: &Node, slot: &Slot) -> Result<(), (&'static str, Refusal)> {
    FILTERS.iter().try_for_each(|filter| (filter.run)(pod, node, slot).map_err(|refusal| (filter.name, refusal)))
}

fn best<'a>(pod: &Pod, owner: Option<&str>, candidates: &[(&'a Node, &'a Slot)], turn: usize) -> &'a Node {
    let mut totals = vec![0; candidates.len()];
    for score in SCORES {
        let mut scores: Vec<i64> = candidates.iter().map(|(node, slot)| (score.run)(pod, owner, node, slot)).collect();
        (score.normalize)(&mut scores);
        totals.iter_mut().zip(scores).for_each(|(total, points)| *total += points * score.weight);
    }
    let most = totals.iter().copied().max().unwrap_or_default();
    let winners: Vec<usize> = (0..totals.len()).filter(|at| totals[*at] == most).collect();
    candidates[winners[turn % winners.len()]].0
}

impl Unschedulable {
    fn note(&mut self, filter: &'static str, refusal: Refusal) {
        for reason in refusal.reasons {
            *self.reasons.entry(reason).or_default() += 1;
        }
        if refusal.cure == Cure::Nothing {
            self.hopeless += 1;
        }
        if !self.filters.contains(&filter) {
            self.filters.push(filter);
        }
    }
}

impl std::fmt::Display for Unschedulable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.nodes == 0 {
            return f.write_str("no nodes available to schedule pods");
        }
        let nodes = self.nodes;
        let reasons = self.reasons.iter().map(|(reason, count)| (*count, reason.as_str()));
        let cures = [
            (self.hopeless, "Preemption is not helpful for scheduling"),
            (nodes - self.hopeless, "No preemption victims found for incoming pod"),
        ];
        let (reasons, cures) = (list(reasons), list(cures.into_iter().filter(|(count, _)| *count > 0)));
        write!(f, "0/{nodes} nodes are available: {reasons}. preemption: 0/{nodes} nodes are available: {cures}.")
    }
}

/// `1 b, 2 a`: sorted as text, counts included, as upstream does.
fn list<'a>(counted: impl Iterator<Item = (usize, &'a str)>) -> String {
    let mut parts: Vec<String> = counted.map(|(count, reason)| format!("{count} {reason}")).collect();
    parts.sort();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
