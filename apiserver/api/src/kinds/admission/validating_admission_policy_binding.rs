//! ValidatingAdmissionPolicyBinding: where a policy holds, by which parameters, and what happens when it is broken.

use serde_json::Value;

use super::{policies, texts};
use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::read::{at, text},
};

pub static KIND: Kind = Kind {
    kind: "ValidatingAdmissionPolicyBinding",
    plural: "validatingadmissionpolicybindings",
    categories: &["api-extensions"],
    versions: &[Version::hub(
        "admissionregistration.k8s.io",
        "v1",
        "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
    )],
    columns: &[Column::NAME, POLICY, PARAMETER, Column::AGE],
    generation: Generation::Counted,
    default: policies::default_binding,
    validate,
    ..Kind::CLUSTER
};

pub(super) const POLICY: Column = Column::text("PolicyName", |object| text(object, &["spec", "policyName"]).into());
pub(super) const PARAMETER: Column = Column::text("ParamRef", |object| {
    let (name, namespace) = (text(object, &["spec", "paramRef", "name"]), text(object, &["spec", "paramRef", "namespace"]));
    match (name, namespace) {
        ("", _) if at(object, &["spec", "paramRef"]).is_null() => "<unset>".into(),
        (name, "") => name.into(),
        (name, namespace) => format!("{namespace}/{name}").into(),
    }
});

const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];

fn validate(binding: &Value) -> Vec<Error> {
    const PATH: &str = "spec.validationActions";
    let mut errors = Vec::new();
    policies::validate_binding(&mut errors, binding);
    let actions = texts(binding, &["spec", "validationActions"]);
    for (i, action) in actions.iter().enumerate() {
        if !ACTIONS.contains(action) {
            errors.push(Error::not_supported(format!("{PATH}[{i}]"), *action, &ACTIONS));
        }
        if actions[..i].contains(action) {
            errors.push(Error::duplicate(format!("{PATH}[{i}]"), *action));
        }
    }
    if actions.contains(&"Deny") && actions.contains(&"Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
        errors.push(Error::invalid(PATH, at(binding, &["spec", "validationActions"]).clone(), why));
    }
    if actions.is_empty() {
        errors.push(Error::required(PATH, "at least one validation action is required"));
    }
    errors
}
