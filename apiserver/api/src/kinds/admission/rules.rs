//! What requests a webhook or policy is about.

use serde_json::Value;

use super::{supported, texts};
use crate::{field::Error, kinds::read::at};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];

/// `pkg/apis/admissionregistration/validation/validation.go`, `validateRuleWithOperations`.
pub(super) fn validate(errors: &mut Vec<Error>, path: &str, rule: &Value) {
    wildcard(errors, path, rule, "operations", "if '*' is present, must not specify other operations");
    for (i, operation) in texts(rule, &["operations"]).iter().enumerate() {
        if !OPERATIONS.contains(operation) {
            errors.push(Error::not_supported(format!("{path}.operations[{i}]"), *operation, &OPERATIONS));
        }
    }
    wildcard(errors, path, rule, "apiGroups", "if '*' is present, must not specify other API groups");
    wildcard(errors, path, rule, "apiVersions", "if '*' is present, must not specify other API versions");
    empty(errors, path, rule, "apiVersions");
    resources(errors, &format!("{path}.resources"), rule);
    supported(errors, format!("{path}.scope"), at(rule, &["scope"]), &SCOPES);
}

fn wildcard(errors: &mut Vec<Error>, path: &str, rule: &Value, name: &str, alone: &str) {
    let said = texts(rule, &[name]);
    if said.is_empty() {
        errors.push(Error::required(format!("{path}.{name}"), ""));
    } else if said.len() > 1 && said.contains(&"*") {
        errors.push(Error::invalid(format!("{path}.{name}"), at(rule, &[name]).clone(), alone));
    }
}

fn empty(errors: &mut Vec<Error>, path: &str, rule: &Value, name: &str) {
    let empty = texts(rule, &[name]).into_iter().enumerate().filter(|(_, text)| text.is_empty());
    errors.extend(empty.map(|(i, _)| Error::required(format!("{path}.{name}[{i}]"), "")));
}

/// `x/*`, `*/x`, `*/*` and `*` say what others then must not say again.
fn resources(errors: &mut Vec<Error>, path: &str, rule: &Value) {
    let said = texts(rule, &["resources"]);
    let whole = || at(rule, &["resources"]).clone();
    if said.is_empty() {
        errors.push(Error::required(path, ""));
    }
    let (mut all_below, mut below_all) = (Vec::new(), Vec::new());
    for (i, resource) in said.iter().enumerate() {
        if resource.is_empty() {
            errors.push(Error::required(format!("{path}[{i}]"), ""));
        }
        let Some((name, sub)) = resource.split_once('/') else { continue };
        if all_below.contains(&name) {
            let why = format!("if '{name}/*' is present, must not specify {resource}");
            errors.push(Error::invalid(format!("{path}[{i}]"), *resource, why));
        }
        if below_all.contains(&sub) {
            let why = format!("if '*/{sub}' is present, must not specify {resource}");
            errors.push(Error::invalid(format!("{path}[{i}]"), *resource, why));
        }
        if sub == "*" {
            all_below.push(name);
        }
        if name == "*" {
            below_all.push(sub);
        }
    }
    if said.len() > 1 && said.contains(&"*/*") {
        errors.push(Error::invalid(path, whole(), "if '*/*' is present, must not specify other resources"));
    }
    // As upstream has it: the last one without a subresource decides.
    let plain = said.iter().rev().find(|resource| !resource.contains('/'));
    if said.contains(&"*") && plain.is_some_and(|last| *last != "*") {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.push(Error::invalid(path, whole(), why));
    }
}
