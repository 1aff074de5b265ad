//! An Event in its two forms; only names differ.

use serde_json::{Map, Value};

/// `core/v1` name, `events.k8s.io/v1` name. What is not here is called the same.
const NAMES: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

pub(super) fn to_core(event: &mut Value) {
    rename(event, NAMES.iter().map(|(core, other)| (*other, *core)));
}

pub(super) fn from_core(event: &mut Value) {
    rename(event, NAMES.iter().copied());
}

fn rename(event: &mut Value, names: impl Iterator<Item = (&'static str, &'static str)>) {
    let Some(members) = event.as_object_mut() else { return };
    let moved: Map<String, Value> =
        names.filter_map(|(from, to)| members.remove(from).map(|value| (to.to_owned(), value))).collect();
    members.extend(moved);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back_again() {
        let core = json!({
            "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod"}, "message": "m", "reason": "Started",
            "source": {"component": "kubelet"}, "firstTimestamp": "a", "lastTimestamp": "b", "count": 2,
            "reportingComponent": "kubelet", "reportingInstance": "n", "type": "Normal",
        });
        let mut event = core.clone();
        from_core(&mut event);
        assert_eq!(event["regarding"]["kind"], "Pod");
        assert_eq!(event["note"], "m");
        assert_eq!(event["reportingController"], "kubelet");
        assert_eq!(event.get("message"), None);
        to_core(&mut event);
        assert_eq!(event, core);
    }
}
