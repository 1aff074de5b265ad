//! The template of a workload: a pod that is yet to be, and the selector that must find it.

use serde_json::Value;

use super::{
    checks::labels,
    metadata::annotations,
    pod_spec,
    read::{at, is_empty, list, text},
};
use crate::{field::Error, selector::LabelSelector};

/// `owner` is the kind's name as it appears in complaints.
pub(crate) fn validate(errors: &mut Vec<Error>, template: &Value, selector: &LabelSelector, owner: &str) {
    const PATH: &str = "spec.template";
    let own = at(template, &["metadata", "labels"]);
    if !selector.is_everything() && !selector.matches_json(own) {
        let detail = "`selector` does not match template `labels`";
        errors.push(Error::invalid(format!("{PATH}.metadata.labels"), own.clone(), detail));
    }
    any(errors, PATH, template);
    let spec = at(template, &["spec"]);
    let policy = text(spec, &["restartPolicy"]);
    if policy != "Always" {
        errors.push(Error::not_supported(format!("{PATH}.spec.restartPolicy"), policy, &["Always"]));
    }
    if !is_empty(at(spec, &["activeDeadlineSeconds"])) {
        let detail = format!("activeDeadlineSeconds in {owner} is not Supported");
        errors.push(Error::forbidden(format!("{PATH}.spec.activeDeadlineSeconds"), detail));
    }
}

/// What holds for the template of every workload, whatever restarts its pods.
pub(crate) fn any(errors: &mut Vec<Error>, path: &str, template: &Value) {
    // the paths of these two lack `metadata` upstream, and so here
    labels(errors, &format!("{path}.labels"), at(template, &["metadata", "labels"]));
    annotations(errors, &format!("{path}.annotations"), at(template, &["metadata", "annotations"]));
    let spec = at(template, &["spec"]);
    pod_spec::validate::validate(errors, &format!("{path}.spec"), spec);
    if !list(spec, &["ephemeralContainers"]).is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        errors.push(Error::forbidden(format!("{path}.spec.ephemeralContainers"), detail));
    }
}

/// The numbers of a workload's status: none below zero, none above the number of pods.
pub(crate) fn validate_status(status: &Value, counts: &[&str]) -> Vec<Error> {
    let mut errors = Vec::new();
    let number = |name: &str| at(status, &[name]).as_i64().unwrap_or_default();
    super::checks::none_negative(&mut errors, "status", status, &["replicas", "observedGeneration"]);
    super::checks::none_negative(&mut errors, "status", status, counts);
    for name in counts.iter().filter(|name| number(name) > number("replicas")) {
        let detail = "cannot be greater than status.replicas";
        errors.push(Error::invalid(format!("status.{name}"), number(name), detail));
    }
    if number("availableReplicas") > number("readyReplicas") {
        let detail = "cannot be greater than readyReplicas";
        errors.push(Error::invalid("status.availableReplicas", number("availableReplicas"), detail));
    }
    errors
}

pub(crate) fn warnings(workload: &Value) -> Vec<String> {
    pod_spec::warnings::of("spec.template.spec", at(workload, &["spec", "template", "spec"]))
}
