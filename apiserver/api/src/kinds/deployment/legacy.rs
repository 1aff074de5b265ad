//! A Deployment of `extensions/v1beta1`: the same fields, other defaults.

use serde_json::{Value, json};

use crate::kinds::{
    default::{member, set},
    read::{at, is_empty},
};

pub(super) const DEPRECATION: &str =
    "extensions/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment";

/// Applies that version's defaults, so that those of the hub find nothing left to fill in differently.
pub(super) fn to_hub(deployment: &mut Value) {
    let labels = deployment.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
    if !is_empty(&labels) {
        set(member(deployment, "spec"), "selector", json!({"matchLabels": labels}));
        if is_empty(at(deployment, &["metadata", "labels"])) {
            member(deployment, "metadata")["labels"] = labels;
        }
    }
    let spec = member(deployment, "spec");
    // a rollback is asked for by a new template now
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("rollbackTo");
    }
    // "never" and "all": the largest number is how that version says it
    set(spec, "progressDeadlineSeconds", i32::MAX);
    set(spec, "revisionHistoryLimit", i32::MAX);
    let strategy = member(spec, "strategy");
    set(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = member(strategy, "rollingUpdate");
        set(rolling, "maxSurge", 1);
        set(rolling, "maxUnavailable", 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selector_comes_from_the_template_and_the_defaults_are_its_own() {
        let mut deployment = json!({"spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "a"}}}}});
        to_hub(&mut deployment);
        assert_eq!(deployment["spec"]["selector"], json!({"matchLabels": {"app": "a"}}));
        assert_eq!(deployment["metadata"]["labels"], json!({"app": "a"}));
        assert_eq!(
            deployment["spec"]["strategy"],
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}})
        );
        assert_eq!(deployment["spec"]["progressDeadlineSeconds"], 2_147_483_647);
        assert_eq!(deployment["spec"]["revisionHistoryLimit"], 2_147_483_647);
    }

    #[test]
    fn what_the_user_said_stays() {
        let mut deployment = json!({"spec": {
            "selector": {"matchLabels": {"b": "c"}}, "strategy": {"type": "Recreate"}, "revisionHistoryLimit": 2,
            "template": {"metadata": {"labels": {"app": "a"}}},
        }});
        to_hub(&mut deployment);
        assert_eq!(deployment["spec"]["selector"], json!({"matchLabels": {"b": "c"}}));
        assert_eq!(deployment["spec"]["strategy"], json!({"type": "Recreate"}));
        assert_eq!(deployment["spec"]["revisionHistoryLimit"], 2);
    }
}
