//! Taints keep pods away that do not tolerate them; PreferNoSchedule only makes a node less welcome.

use client::views::Taint;

use super::{Event, Filter, Refusal, Score, smaller_is_better};
use crate::{
    cache::Slot,
    node::Node,
    pod::{Pod, Toleration},
};

pub(super) const FILTER: Filter =
    Filter { name: "TaintToleration", run, helped_by: |event| matches!(event, Event::Node(change) if change.taints) };

pub(super) const SCORE: Score = Score { weight: 3, run: unwelcome, normalize: smaller_is_better };

fn run(pod: &Pod, node: &Node, _: &Slot) -> Result<(), Refusal> {
    let hard = |taint: &&Taint| matches!(&*taint.effect, "NoSchedule" | "NoExecute");
    if node.taints.iter().filter(hard).all(|taint| tolerates(pod, taint)) {
        return Ok(());
    }
    Err(Refusal::for_good("node(s) had untolerated taint(s)"))
}

fn unwelcome(pod: &Pod, _: Option<&str>, node: &Node, _: &Slot) -> i64 {
    let soft = node.taints.iter().filter(|taint| &*taint.effect == "PreferNoSchedule");
    soft.filter(|taint| !tolerates(pod, taint)).count().try_into().unwrap_or(i64::MAX)
}

pub(super) fn tolerates(pod: &Pod, taint: &Taint) -> bool {
    pod.tolerations.iter().any(|toleration| covers(toleration, taint))
}

/// An empty effect or key means any; only `Exists` may leave the key out.
fn covers(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == taint.effect;
    let key = toleration.key.is_empty() || toleration.key == taint.key;
    let value = match &*toleration.operator {
        "" | "Equal" => toleration.value == taint.value,
        operator => operator == "Exists",
    };
    effect && key && value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str, effect: &str) -> Taint {
        Taint { key: key.into(), value: value.into(), effect: effect.into() }
    }

    fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
        Toleration { key: key.into(), operator: operator.into(), value: value.into(), effect: effect.into() }
    }

    #[test]
    fn a_toleration_covers_what_it_says() {
        let dedicated = taint("dedicated", "db", "NoSchedule");
        assert!(covers(&toleration("dedicated", "Equal", "db", "NoSchedule"), &dedicated));
        assert!(covers(&toleration("dedicated", "", "db", ""), &dedicated));
        assert!(covers(&toleration("", "Exists", "", ""), &dedicated));
        assert!(!covers(&toleration("dedicated", "Equal", "web", "NoSchedule"), &dedicated));
        assert!(!covers(&toleration("dedicated", "Exists", "", "NoExecute"), &dedicated));
        assert!(!covers(&toleration("other", "Exists", "", ""), &dedicated));
    }
}
