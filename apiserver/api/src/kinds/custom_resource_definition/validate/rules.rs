//! Rules in CEL: that they compile, that they can be evaluated, and what that may cost.

use serde_json::Value;

use crate::{
    custom::{
        rules::{CRD_LIMIT, RULE_LIMIT, Rule, estimate, most_items, undefined},
        schema::Schema,
    },
    field::Error,
};

const REASONS: [&str; 4] = ["FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate"];

/// Where a schema stands.
#[derive(Clone)]
struct Place {
    root: bool,
    /// How many values of it there can be.
    times: f64,
    /// The list above whose items cannot be told from one another.
    uncorrelated: Option<String>,
}

pub(super) fn check(errors: &mut Vec<Error>, path: &str, schema: &Value, decoded: &Schema) {
    let mut total = 0.0;
    walk(errors, &mut total, path, schema, decoded, &Place { root: true, times: 1.0, uncorrelated: None });
    if total > CRD_LIMIT {
        let detail =
            cost_message("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total, CRD_LIMIT);
        errors.push(Error::forbidden(path, detail));
    }
}

fn walk(errors: &mut Vec<Error>, total: &mut f64, path: &str, schema: &Value, decoded: &Schema, place: &Place) {
    if !decoded.has_rules {
        return;
    }
    for (i, rule) in decoded.rules.iter().enumerate() {
        let at = format!("{path}.x-kubernetes-validations[{i}]");
        *total += one(errors, &at, &schema["x-kubernetes-validations"][i], rule, decoded, place);
    }
    let below = Place { root: false, ..place.clone() };
    for (name, property) in &decoded.properties {
        walk(errors, total, &format!("{path}.properties[{name}]"), &schema["properties"][name], property, &below);
    }
    if let Some(additional) = decoded.additional() {
        let below = Place { times: place.times * most_items(decoded), ..below.clone() };
        walk(errors, total, &format!("{path}.additionalProperties"), &schema["additionalProperties"], additional, &below);
    }
    if let Some(items) = &decoded.items {
        let at = format!("{path}.items");
        let told = decoded.list_type == "map";
        let uncorrelated = place.uncorrelated.clone().or_else(|| (!told).then(|| at.clone()));
        let below = Place { times: place.times * most_items(decoded), uncorrelated, ..below };
        walk(errors, total, &at, &schema["items"], items, &below);
    }
}

/// Answers what the rule may cost.
fn one(errors: &mut Vec<Error>, at: &str, written: &Value, rule: &Rule, schema: &Schema, place: &Place) -> f64 {
    let before = errors.len();
    said(errors, at, rule);
    if errors.len() > before {
        return 0.0;
    }
    let whole = place.root || schema.embedded;
    let compiled = |expression: &Result<_, String>, text: &str| match expression {
        Err(why) => Some(why.clone()),
        Ok(expression) => undefined(expression, text.trim(), schema, whole),
    };
    if let Some(why) = compiled(&rule.expression, &rule.text) {
        errors.push(Error::invalid(format!("{at}.rule"), written.clone(), why));
        return 0.0;
    }
    if let Some(Err(why)) = &rule.said {
        let why = format!("messageExpression {why}");
        errors.push(Error::invalid(format!("{at}.messageExpression"), written.clone(), why));
    }
    match (rule.compares, &place.uncorrelated) {
        (true, Some(list)) => {
            let detail = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {list}");
            errors.push(Error::invalid(format!("{at}.rule"), rule.text.as_str(), detail));
        }
        (false, _) if !written["optionalOldSelf"].is_null() => {
            let detail = "may not be set if oldSelf is not used in rule";
            errors.push(Error::invalid(format!("{at}.optionalOldSelf"), written["optionalOldSelf"].clone(), detail));
        }
        _ => {}
    }
    let Ok(expression) = &rule.expression else { return 0.0 };
    let cost = estimate(expression.tree(), schema, None) * place.times;
    if cost > RULE_LIMIT {
        errors.push(Error::forbidden(format!("{at}.rule"), cost_message("estimated rule cost", cost, RULE_LIMIT)));
    }
    cost
}

fn cost_message(what: &str, cost: f64, limit: f64) -> String {
    let factor = cost / limit;
    let factor = if factor > 100.0 { "more than 100x".to_owned() } else { format!("{factor:.1}x") };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

fn said(errors: &mut Vec<Error>, at: &str, rule: &Rule) {
    let (text, message) = (rule.text.trim(), rule.message.trim());
    let lines = |text: &str| text.contains(['\n', '\r']);
    if text.is_empty() {
        errors.push(Error::required(format!("{at}.rule"), "rule is not specified"));
    } else if !rule.message.is_empty() && message.is_empty() {
        let detail = "message must be non-empty if specified";
        errors.push(Error::invalid(format!("{at}.message"), rule.message.as_str(), detail));
    } else if lines(message) {
        let detail = "message must not contain line breaks";
        errors.push(Error::invalid(format!("{at}.message"), rule.message.as_str(), detail));
    } else if lines(text) && message.is_empty() {
        let detail = "message must be specified if rule contains line breaks";
        errors.push(Error::required(format!("{at}.message"), detail));
    }
    if !rule.reason.is_empty() && !REASONS.contains(&rule.reason.as_str()) {
        errors.push(Error::not_supported(format!("{at}.reason"), rule.reason.as_str(), &REASONS));
    }
    if !rule.field_path.is_empty() && !rule.field_path.starts_with(['.', '[']) {
        let detail = "fieldPath must be a valid path";
        errors.push(Error::invalid(format!("{at}.fieldPath"), rule.field_path.as_str(), detail));
    }
}
