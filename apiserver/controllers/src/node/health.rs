//! What is said of a node that is or is not heard of: its conditions and its taints; pure.

use std::time::Duration;

use k8s_openapi::{
    api::core::v1::{Node, NodeCondition, Taint},
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};

/// A node whose Lease is older than this is not heard of.
pub(super) const GRACE: Duration = Duration::from_secs(40);

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// Condition, the status that is trouble, and the taint that keeps new pods away.
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
];
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// What becomes unknown with a node.
const OBSERVED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// All conditions, if one changes.
    pub conditions: Option<Vec<NodeCondition>>,
    /// All taints, if one changes.
    pub taints: Option<Vec<Taint>>,
    /// It was ready (or new) and is not any more.
    pub fell: bool,
    /// Whether its pods can be ready.
    pub ready: bool,
    /// When the Lease runs out unless it is renewed.
    pub wake: Option<Duration>,
}

/// `heard`: the latest sign of life.
pub(super) fn plan(node: &Node, heard: Timestamp, now: Timestamp) -> Plan {
    let silence = Duration::try_from(now.duration_since(heard)).unwrap_or_default();
    let wake = GRACE.checked_sub(silence).filter(|left| !left.is_zero());
    let old = node.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    let conditions = if wake.is_some() { old.clone() } else { unknown(&old, now) };
    let status = |kind: &str| conditions.iter().find(|c| c.type_ == kind).map(|c| c.status.as_str());
    let ready = status("Ready");

    let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    match ready {
        Some("False") => wanted.extend([(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]),
        Some("Unknown") => wanted.extend([(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]),
        _ => {}
    }
    wanted
        .extend(PRESSURES.iter().filter(|(kind, _)| status(kind) == Some("True")).map(|(_, taint)| (*taint, "NoSchedule")));
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    let next = retaint(&taints, &wanted, now);
    let down = |taints: &[Taint]| taints.iter().any(|t| is_down(t) && t.effect == "NoExecute");
    Plan {
        fell: down(&next) && !down(&taints),
        ready: !matches!(ready, Some("False" | "Unknown")),
        conditions: (conditions != old).then_some(conditions),
        taints: (next != taints).then_some(next),
        wake,
    }
}

fn unknown(old: &[NodeCondition], now: Timestamp) -> Vec<NodeCondition> {
    let mut conditions = old.to_vec();
    for kind in OBSERVED {
        let (reason, message, heartbeat) = match conditions.iter().find(|condition| condition.type_ == kind) {
            Some(old) if old.status == "Unknown" => continue,
            Some(old) => ("NodeStatusUnknown", "Kubelet stopped posting node status.", old.last_heartbeat_time.clone()),
            None => ("NodeStatusNeverUpdated", "Kubelet never posted node status.", None),
        };
        conditions.retain(|condition| condition.type_ != kind);
        conditions.push(NodeCondition {
            type_: kind.into(),
            status: "Unknown".into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_heartbeat_time: heartbeat,
            last_transition_time: Some(Time(now)),
        });
    }
    conditions
}

/// Keeps what others put there and what stands already, its time included.
fn retaint(old: &[Taint], wanted: &[(&str, &str)], now: Timestamp) -> Vec<Taint> {
    let is_wanted = |taint: &Taint| wanted.contains(&(taint.key.as_str(), taint.effect.as_str()));
    let mut taints: Vec<Taint> = old.iter().filter(|taint| !is_ours(taint) || is_wanted(taint)).cloned().collect();
    for (key, effect) in wanted {
        if !taints.iter().any(|taint| taint.key == *key && taint.effect == *effect) {
            let time_added = Some(Time(now));
            taints.push(Taint { key: (*key).into(), effect: (*effect).into(), time_added, value: None });
        }
    }
    taints
}

fn is_down(taint: &Taint) -> bool {
    [NOT_READY, UNREACHABLE].contains(&taint.key.as_str())
}

/// Taints that only this controller gives and takes.
fn is_ours(taint: &Taint) -> bool {
    is_down(taint)
        || (taint.effect == "NoSchedule"
            && (taint.key == UNSCHEDULABLE || PRESSURES.iter().any(|(_, key)| taint.key == *key)))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{NodeSpec, NodeStatus};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn node(ready: &str) -> Node {
        let condition = NodeCondition { type_: "Ready".into(), status: ready.into(), ..NodeCondition::default() };
        let status = NodeStatus { conditions: Some(vec![condition]), ..NodeStatus::default() };
        Node { status: Some(status), spec: Some(NodeSpec::default()), ..Node::default() }
    }

    fn apply(mut node: Node, plan: &Plan) -> Node {
        if let Some(conditions) = plan.conditions.clone() {
            node.status.as_mut().unwrap().conditions = Some(conditions);
        }
        if let Some(taints) = plan.taints.clone() {
            node.spec.as_mut().unwrap().taints = Some(taints);
        }
        node
    }

    #[test]
    fn a_renewed_lease_is_only_waited_for() {
        let plan = plan(&node("True"), at(100), at(110));
        assert_eq!(plan, Plan { ready: true, wake: Some(Duration::from_secs(30)), ..Plan::default() });
    }

    #[test]
    fn silence_makes_everything_unknown_and_taints_once() {
        let gone = plan(&node("True"), at(100), at(140));
        assert!(gone.fell && !gone.ready && gone.wake.is_none());
        let conditions = gone.conditions.as_ref().unwrap();
        let reason = |kind: &str| conditions.iter().find(|c| c.type_ == kind).and_then(|c| c.reason.as_deref());
        assert_eq!(reason("Ready"), Some("NodeStatusUnknown"));
        assert_eq!(reason("DiskPressure"), Some("NodeStatusNeverUpdated"));
        let taints: Vec<_> = gone.taints.iter().flatten().map(|t| (t.key.as_str(), t.effect.as_str())).collect();
        assert_eq!(taints, [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]);
        let again = plan(&apply(node("True"), &gone), at(100), at(200));
        assert_eq!((again.conditions, again.taints, again.fell), (None, None, false));
    }

    #[test]
    fn taints_follow_the_conditions_and_others_taints_stay() {
        let mut sick = node("False");
        let own = Taint { key: "example.com/gpu".into(), effect: "NoExecute".into(), ..Taint::default() };
        sick.spec.as_mut().unwrap().taints = Some(vec![own.clone()]);
        sick.spec.as_mut().unwrap().unschedulable = Some(true);
        let first = plan(&sick, at(100), at(100));
        assert_eq!(first.taints.as_ref().map(Vec::len), Some(4));
        let mut well = apply(sick, &first);
        well.status = node("True").status;
        well.spec.as_mut().unwrap().unschedulable = None;
        assert_eq!(plan(&well, at(100), at(101)).taints, Some(vec![own]));
    }
}
