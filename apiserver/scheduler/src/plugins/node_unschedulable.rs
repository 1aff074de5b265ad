//! Cordoned nodes take only pods that tolerate that.

use super::{Event, Filter, Refusal, taint_toleration::tolerates};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const FILTER: Filter = Filter {
    name: "NodeUnschedulable",
    run,
    helped_by: |event| matches!(event, Event::Node(change) if change.unschedulable),
};

fn run(pod: &Pod, node: &Node, _: &Slot) -> Result<(), Refusal> {
    let cordon = client::views::Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        value: "".into(),
        effect: "NoSchedule".into(),
    };
    if node.unschedulable && !tolerates(pod, &cordon) {
        return Err(Refusal::for_good("node(s) were unschedulable"));
    }
    Ok(())
}
