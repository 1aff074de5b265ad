//! A pod that names its node goes nowhere else.

use super::{Filter, Refusal};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const FILTER: Filter = Filter { name: "NodeName", run, helped_by: |_| false };

fn run(pod: &Pod, node: &Node, _: &Slot) -> Result<(), Refusal> {
    if !pod.node.is_empty() && pod.node != node.name {
        return Err(Refusal::for_good("node(s) didn't match the requested node name"));
    }
    Ok(())
}
