//! What all pods of a node ask for stays within what it has.

use super::{Cure, Event, Filter, Refusal};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const FILTER: Filter = Filter {
    name: "NodeResourcesFit",
    run,
    helped_by: |event| match event {
        Event::Freed => true,
        Event::Node(change) => change.resources,
    },
};

fn run(pod: &Pod, node: &Node, slot: &Slot) -> Result<(), Refusal> {
    let mut refusal = Refusal { reasons: Vec::new(), cure: Cure::Preemption };
    if slot.pods >= node.pods {
        refusal.reasons.push("Too many pods".to_owned());
    }
    let (asked, has, taken) = (&pod.requests, &node.allocatable, &slot.requested);
    let mut check = |name: &str, asked: i64, has: i64, taken: i64| {
        if asked > 0 && asked > has.saturating_sub(taken) {
            refusal.reasons.push(format!("Insufficient {name}"));
            if asked > has {
                refusal.cure = Cure::Nothing;
            }
        }
    };
    check("cpu", asked.cpu, has.cpu, taken.cpu);
    check("memory", asked.memory, has.memory, taken.memory);
    check("ephemeral-storage", asked.storage, has.storage, taken.storage);
    for (name, amount) in &asked.others {
        check(name, *amount, has.other(name), taken.other(name));
    }
    if refusal.reasons.is_empty() { Ok(()) } else { Err(refusal) }
}
