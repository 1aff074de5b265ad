//! Rather the node with the most room.

use super::{Score, as_is};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const SCORE: Score = Score { weight: 1, run, normalize: as_is };

fn run(pod: &Pod, _: Option<&str>, node: &Node, slot: &Slot) -> i64 {
    let cpu = room(node.allocatable.cpu, slot.scored.cpu.saturating_add(pod.scored.cpu));
    let memory = room(node.allocatable.memory, slot.scored.memory.saturating_add(pod.scored.memory));
    (cpu + memory) / 2
}

/// Hundredths of `has` that stay free.
fn room(has: i64, taken: i64) -> i64 {
    if has <= 0 || taken >= has { 0 } else { ((has - taken) as f64 / has as f64 * 100.0) as i64 }
}
