//! `nodeSelector` and node affinity: labels and the name of the node.

use api::selector::Requirement;

use super::{Event, Filter, Refusal, Score, larger_is_better};
use crate::{
    cache::Slot,
    node::Node,
    pod::{Pod, Term},
};

pub(super) const FILTER: Filter =
    Filter { name: "NodeAffinity", run, helped_by: |event| matches!(event, Event::Node(change) if change.labels) };

pub(super) const SCORE: Score = Score { weight: 2, run: preference, normalize: larger_is_better };

fn run(pod: &Pod, node: &Node, _: &Slot) -> Result<(), Refusal> {
    let selected = pod.node_selector.iter().all(|requirement| on_label(requirement, node));
    let required = pod.required.as_ref().is_none_or(|terms| terms.iter().any(|term| holds(term, node)));
    if !selected || !required {
        return Err(Refusal::for_good("node(s) didn't match Pod's node affinity/selector"));
    }
    Ok(())
}

fn preference(pod: &Pod, _: Option<&str>, node: &Node, _: &Slot) -> i64 {
    // an empty preferred term matches every node, unlike an empty required one
    let holds = |term: &Term| (term.labels.is_empty() && term.name.is_empty()) || holds(term, node);
    pod.preferred.iter().filter(|(_, term)| holds(term)).map(|(weight, _)| weight).sum()
}

fn holds(term: &Term, node: &Node) -> bool {
    let empty = term.labels.is_empty() && term.name.is_empty();
    let by_name = |requirement: &Requirement| requirement.key == "metadata.name" && requirement.holds(Some(&node.name));
    !empty && term.labels.iter().all(|requirement| on_label(requirement, node)) && term.name.iter().all(by_name)
}

fn on_label(requirement: &Requirement, node: &Node) -> bool {
    requirement.holds(node.label(&requirement.key))
}
