//! Host ports: one pod each.

use super::{Cure, Event, Filter, Refusal};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const FILTER: Filter = Filter { name: "NodePorts", run, helped_by: |event| matches!(event, Event::Freed) };

fn run(pod: &Pod, _: &Node, slot: &Slot) -> Result<(), Refusal> {
    if pod.ports.iter().any(|port| slot.ports.iter().any(|taken| port.collides(taken))) {
        let reason = "node(s) didn't have free ports for the requested pod ports".to_owned();
        return Err(Refusal { reasons: vec![reason], cure: Cure::Preemption });
    }
    Ok(())
}
