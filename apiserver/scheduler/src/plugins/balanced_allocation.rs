//! Rather a node whose CPU and memory are used to the same degree.

use super::{Score, as_is};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const SCORE: Score = Score { weight: 1, run, normalize: as_is };

fn run(pod: &Pod, _: Option<&str>, node: &Node, slot: &Slot) -> i64 {
    let cpu = share(slot.requested.cpu.saturating_add(pod.requests.cpu), node.allocatable.cpu);
    let memory = share(slot.requested.memory.saturating_add(pod.requests.memory), node.allocatable.memory);
    // the standard deviation of two numbers is half their distance
    ((1.0 - (cpu - memory).abs() / 2.0) * 100.0) as i64
}

fn share(taken: i64, has: i64) -> f64 {
    if has <= 0 { 1.0 } else { (taken as f64 / has as f64).min(1.0) }
}
