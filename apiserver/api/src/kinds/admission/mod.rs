//! The kinds that configure admission: webhooks and policies. What they share is checked here.

/// Policies and their bindings.
mod policies;
/// What requests a webhook or policy is about.
mod rules;
/// Webhooks of both sorts.
mod webhooks;

pub(super) mod mutating_admission_policy;
pub(super) mod mutating_webhook_configuration;
pub(super) mod validating_admission_policy;
pub(super) mod validating_admission_policy_binding;
pub(super) mod validating_webhook_configuration;

use serde_json::Value;

use super::{
    checks,
    default::{member, set},
    read::{list, text},
};
use crate::{cel::Expression, field::Error, names};

const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];

/// A text that may be absent, but not any.
fn supported(errors: &mut Vec<Error>, path: String, value: &Value, supported: &[&str]) {
    match value.as_str() {
        None => {}
        Some(known) if supported.contains(&known) => {}
        Some(other) => errors.push(Error::not_supported(path, other, supported)),
    }
}

/// An expression that must compile.
fn expression(errors: &mut Vec<Error>, path: String, text: &str, declared: &[&str]) {
    if let Err(why) = Expression::compile(text, declared) {
        errors.push(Error::invalid(path, text, why));
    }
}

fn match_conditions(errors: &mut Vec<Error>, path: &str, conditions: &[Value], declared: &[&str]) {
    const MOST: usize = 64;
    if conditions.len() > MOST {
        errors.push(Error::too_many(path, conditions.len(), MOST));
    }
    for (i, condition) in conditions.iter().enumerate() {
        let (name, body) = (text(condition, &["name"]), text(condition, &["expression"]).trim());
        match body {
            "" => errors.push(Error::required(format!("{path}[{i}].expression"), "")),
            body => expression(errors, format!("{path}[{i}].expression"), body, declared),
        }
        checks::named(errors, format!("{path}[{i}].name"), name, names::qualified);
        if !name.is_empty() && conditions[..i].iter().any(|before| text(before, &["name"]) == name) {
            errors.push(Error::duplicate(format!("{path}[{i}].name"), name));
        }
    }
}

/// Selectors match everything unless they say otherwise.
fn default_selectors(value: &mut Value) {
    member(value, "namespaceSelector");
    member(value, "objectSelector");
    set(value, "matchPolicy", "Equivalent");
}

fn default_scopes(rules: Option<&mut Value>) {
    for rule in rules.and_then(Value::as_array_mut).into_iter().flatten() {
        set(rule, "scope", "*");
    }
}

fn texts<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a str> {
    list(value, path).iter().filter_map(Value::as_str).collect()
}
