//! TaintNodesByCondition: a node that begins is not ready, and takes no pods until it says otherwise.

use api::kinds;
use serde_json::json;

use super::{Mutate, Plugin};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "TaintNodesByCondition",
    concerns: |attributes| attributes.creates(&kinds::NODE),
    mutate: Mutate::Now(|_, node| {
        let taint = json!({ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" });
        let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
        let same = |known: &serde_json::Value| known["key"] == taint["key"] && known["effect"] == taint["effect"];
        if !taints.iter().any(same) {
            taints.push(taint);
            node["spec"]["taints"] = json!(taints);
        }
        Ok(())
    }),
    ..Plugin::NOTHING
};
