//! Every complaint about a Deployment.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::{immutable, is_empty_selector, label_selector, none_negative},
        read::{at, integer, text},
        rolling::{amount, number_or_percent},
        template,
    },
    selector::LabelSelector,
};

pub(super) fn validate(deployment: &Value) -> Vec<Error> {
    let spec = at(deployment, &["spec"]);
    let mut errors = Vec::new();
    none_negative(&mut errors, "spec", spec, &["replicas"]);
    selector(&mut errors, spec);
    let labels = LabelSelector::of(at(spec, &["selector"]));
    template::validate(&mut errors, at(spec, &["template"]), &labels, "ReplicaSet");
    strategy(&mut errors, at(spec, &["strategy"]));
    none_negative(&mut errors, "spec", spec, &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]);
    let deadline = at(spec, &["progressDeadlineSeconds"]).as_i64();
    if let Some(deadline) = deadline.filter(|deadline| *deadline <= integer(spec, &["minReadySeconds"])) {
        errors.push(Error::invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
    }
    errors
}

pub(super) fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    immutable(&mut errors, "spec.selector", at(new, &["spec", "selector"]), at(old, &["spec", "selector"]));
    errors
}

pub(super) fn validate_status(new: &Value, old: &Value) -> Vec<Error> {
    let status = at(new, &["status"]);
    let mut errors = template::validate_status(status, &["updatedReplicas", "readyReplicas", "availableReplicas"]);
    none_negative(&mut errors, "status", status, &["unavailableReplicas", "collisionCount"]);
    let collisions = |object: &Value| at(object, &["status", "collisionCount"]).as_i64();
    if collisions(new) < collisions(old) {
        let count = at(status, &["collisionCount"]).clone();
        errors.push(Error::invalid("status.collisionCount", count, "cannot be decremented"));
    }
    errors
}

/// Of Deployments and ReplicaSets: there, well-formed, and asking for something.
pub(crate) fn selector(errors: &mut Vec<Error>, spec: &Value) {
    let selector = at(spec, &["selector"]);
    if selector.is_null() {
        return errors.push(Error::required("spec.selector", ""));
    }
    label_selector(errors, "spec.selector", selector);
    if is_empty_selector(selector) {
        errors.push(Error::invalid("spec.selector", selector.clone(), "empty selector is invalid for deployment"));
    }
}

fn strategy(errors: &mut Vec<Error>, strategy: &Value) {
    let rolling = at(strategy, &["rollingUpdate"]);
    match text(strategy, &["type"]) {
        "Recreate" if !rolling.is_null() => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            errors.push(Error::forbidden("spec.strategy.rollingUpdate", detail));
        }
        "Recreate" => {}
        "RollingUpdate" => {
            const PATH: &str = "spec.strategy.rollingUpdate";
            let (unavailable, surge) = (at(rolling, &["maxUnavailable"]), at(rolling, &["maxSurge"]));
            number_or_percent(errors, format!("{PATH}.maxUnavailable"), unavailable);
            number_or_percent(errors, format!("{PATH}.maxSurge"), surge);
            if amount(unavailable) == 0 && amount(surge) == 0 {
                let detail = "may not be 0 when `maxSurge` is 0";
                errors.push(Error::invalid(format!("{PATH}.maxUnavailable"), unavailable.clone(), detail));
            }
            if unavailable.is_string() && amount(unavailable) > 100 {
                let detail = "must not be greater than 100%";
                errors.push(Error::invalid(format!("{PATH}.maxUnavailable"), unavailable.clone(), detail));
            }
        }
        _ => errors.push(Error::not_supported("spec.strategy", strategy.clone(), &["Recreate", "RollingUpdate"])),
    }
}
