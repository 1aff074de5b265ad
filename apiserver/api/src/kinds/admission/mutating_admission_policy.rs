//! MutatingAdmissionPolicy and its binding: how what is written is changed, as expressions.

use serde_json::Value;

use super::{
    policies, supported,
    validating_admission_policy_binding::{PARAMETER, POLICY},
};
use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::{
        default::set,
        read::{at, list, text},
    },
};

const GROUP: &str = "admissionregistration.k8s.io";
const BETA: &str = "v1beta1";
const ALPHA: &str = "v1alpha1";

pub static KIND: Kind = Kind {
    kind: "MutatingAdmissionPolicy",
    plural: "mutatingadmissionpolicies",
    categories: &["api-extensions"],
    versions: &[
        Version::hub(GROUP, BETA, "io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicy"),
        Version::hub(GROUP, ALPHA, "io.k8s.api.admissionregistration.v1alpha1.MutatingAdmissionPolicy"),
    ],
    columns: &[
        Column::NAME,
        Column::text("Mutations", |object| list(object, &["spec", "mutations"]).len().into()).integer(),
        Column::text("ParamKind", |object| match at(object, &["spec", "paramKind"]) {
            Value::Null => "<unset>".into(),
            kind => format!("{}/{}", text(kind, &["apiVersion"]), text(kind, &["kind"])).into(),
        }),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default: |policy| {
        policies::default(policy);
        set(&mut policy["spec"], "reinvocationPolicy", "Never");
    },
    validate,
    ..Kind::CLUSTER
};

pub static BINDING: Kind = Kind {
    kind: "MutatingAdmissionPolicyBinding",
    plural: "mutatingadmissionpolicybindings",
    categories: &["api-extensions"],
    versions: &[
        Version::hub(GROUP, BETA, "io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicyBinding"),
        Version::hub(GROUP, ALPHA, "io.k8s.api.admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding"),
    ],
    columns: &[Column::NAME, POLICY, PARAMETER, Column::AGE],
    generation: Generation::Counted,
    default: policies::default_binding,
    validate: |binding| {
        let mut errors = Vec::new();
        policies::validate_binding(&mut errors, binding);
        errors
    },
    ..Kind::CLUSTER
};

fn validate(policy: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    policies::validate(&mut errors, policy);
    let spec = at(policy, &["spec"]);
    let declared = policies::variables(policy);
    let mutations = list(spec, &["mutations"]);
    if mutations.is_empty() {
        errors.push(Error::required("spec.mutations", "mutations must contain at least one item"));
    }
    for (i, mutation) in mutations.iter().enumerate() {
        let path = format!("spec.mutations[{i}]");
        let (patch, apply) = (at(mutation, &["jsonPatch"]), at(mutation, &["applyConfiguration"]));
        let (wanted, other) = match text(mutation, &["patchType"]) {
            "ApplyConfiguration" => (("applyConfiguration", apply), ("jsonPatch", patch)),
            "JSONPatch" => (("jsonPatch", patch), ("applyConfiguration", apply)),
            "" => {
                errors.push(Error::required(format!("{path}.patchType"), ""));
                continue;
            }
            unknown => {
                let known = ["ApplyConfiguration", "JSONPatch"];
                errors.push(Error::not_supported(format!("{path}.patchType"), unknown, &known));
                continue;
            }
        };
        if wanted.1.is_null() {
            let why = format!("must be specified when patchType is {}", text(mutation, &["patchType"]));
            errors.push(Error::required(format!("{path}.{}", wanted.0), why));
        } else {
            let body = text(wanted.1, &["expression"]);
            policies::body(&mut errors, format!("{path}.{}.expression", wanted.0), body, &declared);
        }
        if !other.1.is_null() {
            let why = format!("must not be specified when patchType is {}", text(mutation, &["patchType"]));
            errors.push(Error::invalid(format!("{path}.{}", other.0), "{}", why));
        }
    }
    let path = "spec.reinvocationPolicy".to_owned();
    supported(&mut errors, path, at(spec, &["reinvocationPolicy"]), &["IfNeeded", "Never"]);
    errors
}
