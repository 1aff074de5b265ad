//! ValidatingAdmissionPolicy: what must hold of what is written, as expressions.

use serde_json::Value;

use super::{expression, policies};
use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        read::{at, list, text},
        status,
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "ValidatingAdmissionPolicy",
    plural: "validatingadmissionpolicies",
    categories: &["api-extensions"],
    versions: &[Version::hub(
        "admissionregistration.k8s.io",
        "v1",
        "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy",
    )],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Validations", |object| list(object, &["spec", "validations"]).len().into()).integer(),
        Column::text("ParamKind", |object| match at(object, &["spec", "paramKind"]) {
            Value::Null => "<unset>".into(),
            kind => format!("{}/{}", text(kind, &["apiVersion"]), text(kind, &["kind"])).into(),
        }),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default: policies::default,
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate,
    ..Kind::CLUSTER
};

const REASONS: [&str; 4] = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
const MOST_ANNOTATIONS: usize = 20;

fn validate(policy: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    policies::validate(&mut errors, policy);
    let (validations, annotations) = (list(policy, &["spec", "validations"]), list(policy, &["spec", "auditAnnotations"]));
    if validations.is_empty() && annotations.is_empty() {
        let why = "validations or auditAnnotations must contain at least one item";
        errors.extend(["spec.validations", "spec.auditAnnotations"].map(|path| Error::required(path, why)));
    }
    let declared = policies::variables(policy);
    for (i, validation) in validations.iter().enumerate() {
        let path = format!("spec.validations[{i}]");
        policies::body(&mut errors, format!("{path}.expression"), text(validation, &["expression"]), &declared);
        let words = text(validation, &["messageExpression"]);
        if !words.is_empty() && words.trim().is_empty() {
            errors.push(Error::invalid(format!("{path}.messageExpression"), words, "must be non-empty if specified"));
        } else if !words.is_empty() {
            expression(&mut errors, format!("{path}.messageExpression"), words, &declared);
        }
        let message = text(validation, &["message"]);
        if !message.is_empty() && message.trim().is_empty() {
            errors.push(Error::invalid(format!("{path}.message"), message, "message must be non-empty if specified"));
        } else if message.trim().contains(['\n', '\r']) {
            errors.push(Error::invalid(format!("{path}.message"), message, "message must not contain line breaks"));
        }
        super::supported(&mut errors, format!("{path}.reason"), at(validation, &["reason"]), &REASONS);
    }
    if annotations.len() > MOST_ANNOTATIONS {
        let why = format!("must not have more than {MOST_ANNOTATIONS} auditAnnotations");
        errors.push(Error::invalid("spec.auditAnnotations", at(policy, &["spec", "auditAnnotations"]).clone(), why));
    }
    for (i, annotation) in annotations.iter().enumerate() {
        let path = format!("spec.auditAnnotations[{i}]");
        let key = text(annotation, &["key"]);
        let qualified = format!("{}/{key}", text(policy, &["metadata", "name"]));
        errors.extend(Error::each(&format!("{path}.key"), qualified.as_str(), names::qualified(&qualified)));
        if annotations[..i].iter().any(|before| text(before, &["key"]) == key) {
            errors.push(Error::duplicate(format!("{path}.key"), key));
        }
        match text(annotation, &["valueExpression"]) {
            blank if blank.trim().is_empty() => {
                errors.push(Error::required(format!("{path}.valueExpression"), "valueExpression is not specified"));
            }
            value => expression(&mut errors, format!("{path}.valueExpression"), value, &declared),
        }
    }
    errors
}
