//! PodDisruptionBudget: how many pods of an application may be missing on purpose.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::{label_selector, none_negative},
        read::{at, integer, text},
        rolling, status,
    },
};

pub static KIND: Kind = Kind {
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    short_names: &["pdb"],
    versions: &[Version::hub("policy", "v1", "io.k8s.api.policy.v1.PodDisruptionBudget")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Min Available", |budget| bound(budget, "minAvailable")),
        Column::text("Max Unavailable", |budget| bound(budget, "maxUnavailable")),
        Column::text("Allowed Disruptions", |budget| integer(budget, &["status", "disruptionsAllowed"]).into()).integer(),
        Column::AGE,
    ],
    generation: Generation::Counted,
    prepare_create: |budget| {
        let zero = json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0});
        status::reset(budget, zero);
    },
    prepare_update: status::keep,
    validate,
    validate_status: |new, _| {
        let mut errors = Vec::new();
        let counts = &["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
        none_negative(&mut errors, "status", at(new, &["status"]), counts);
        errors
    },
    put_blindly: false,
    ..Kind::NAMESPACED
};

fn bound(budget: &Value, name: &str) -> Value {
    match at(budget, &["spec", name]) {
        Value::Null => "N/A".into(),
        Value::String(percent) => percent.as_str().into(),
        other => other.to_string().into(),
    }
}

/// pkg/apis/policy/validation/validation.go
fn validate(budget: &Value) -> Vec<Error> {
    let spec = at(budget, &["spec"]);
    let (least, most) = (at(spec, &["minAvailable"]), at(spec, &["maxUnavailable"]));
    let mut errors = Vec::new();
    if !least.is_null() && !most.is_null() {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.push(Error::invalid("spec", spec.clone(), detail));
    }
    for (name, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        let path = format!("spec.{name}");
        rolling::number_or_percent(&mut errors, path.clone(), value);
        if value.is_string() && rolling::amount(value) > 100 {
            errors.push(Error::invalid(path, value.clone(), "must not be greater than 100%"));
        }
    }
    label_selector(&mut errors, "spec.selector", at(spec, &["selector"]));
    let (policy, policies) = (text(spec, &["unhealthyPodEvictionPolicy"]), &["AlwaysAllow", "IfHealthyBudget"]);
    if !policy.is_empty() && !policies.contains(&policy) {
        errors.push(Error::not_supported("spec.unhealthyPodEvictionPolicy", policy, policies));
    }
    errors
}
