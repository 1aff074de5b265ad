//! DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or not reachable, unless they say otherwise.

use api::kinds;
use serde_json::{Value, json};

use super::{Mutate, Plugin};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "DefaultTolerationSeconds",
    concerns: |attributes| attributes.creates(&kinds::POD),
    mutate: Mutate::Now(|_, pod| {
        tolerate(&mut pod["spec"]);
        Ok(())
    }),
    ..Plugin::NOTHING
};

const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

fn tolerate(spec: &mut Value) {
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    for taint in TAINTS {
        let tolerated = tolerations.iter().any(|toleration| {
            let text = |name: &str| toleration[name].as_str().unwrap_or_default();
            (text("key") == taint || text("key").is_empty()) && matches!(text("effect"), "" | "NoExecute")
        });
        if !tolerated {
            tolerations.push(json!({
                "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS,
            }));
        }
    }
    spec["tolerations"] = tolerations.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_what_is_missing() {
        let mut spec = json!({ "tolerations": [{ "key": TAINTS[0], "effect": "NoExecute", "operator": "Exists" }] });
        tolerate(&mut spec);
        let keys: Vec<&str> = spec["tolerations"].as_array().unwrap().iter().filter_map(|t| t["key"].as_str()).collect();
        assert_eq!(keys, TAINTS);
        let once = spec.clone();
        tolerate(&mut spec);
        assert_eq!(spec, once);
        let mut all = json!({ "tolerations": [{ "operator": "Exists" }] });
        tolerate(&mut all);
        assert_eq!(all["tolerations"].as_array().unwrap().len(), 1);
    }
}
