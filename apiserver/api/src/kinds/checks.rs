//! Checks that fields of many kinds share. Each adds its complaints to a list.

use serde_json::{Map, Value};

use super::read::{at, is_empty, list, text};
use crate::{field::Error, names};

pub(crate) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
pub(crate) const IMMUTABLE: &str = "field is immutable";

/// An integer that may be absent.
pub(crate) fn not_negative(errors: &mut Vec<Error>, path: impl Into<String>, value: &Value) {
    if let Some(number) = value.as_i64().filter(|number| *number < 0) {
        errors.push(Error::invalid(path, number, NOT_NEGATIVE));
    }
}

/// The members called `names` of the object at `path`.
pub(crate) fn none_negative(errors: &mut Vec<Error>, path: &str, object: &Value, names: &[&str]) {
    for name in names {
        not_negative(errors, format!("{path}.{name}"), at(object, &[name]));
    }
}

/// A text that must be there and look right.
pub(crate) fn named(errors: &mut Vec<Error>, path: String, name: &str, check: fn(&str) -> Vec<String>) {
    if name.is_empty() {
        errors.push(Error::required(path, ""));
    } else {
        errors.extend(Error::each(&path, name, check(name)));
    }
}

/// A text that may be absent.
pub(crate) fn optional(errors: &mut Vec<Error>, path: String, name: &str, check: fn(&str) -> Vec<String>) {
    if !name.is_empty() {
        errors.extend(Error::each(&path, name, check(name)));
    }
}

/// A text that must be one of `supported`.
pub(crate) fn one_of(errors: &mut Vec<Error>, path: String, value: &str, supported: &[&str]) {
    if value.is_empty() {
        errors.push(Error::required(path, ""));
    } else if !supported.contains(&value) {
        errors.push(Error::not_supported(path, value, supported));
    }
}

/// Number or name of a port.
pub(crate) fn port(errors: &mut Vec<Error>, path: String, port: &Value) {
    match port {
        Value::String(name) => errors.extend(Error::each(&path, name.as_str(), names::port(name))),
        other => {
            let number = other.as_i64().unwrap_or_default();
            errors.extend(Error::each(&path, number, names::port_number(number)));
        }
    }
}

/// What was given once stays.
pub(crate) fn immutable(errors: &mut Vec<Error>, path: &str, new: &Value, old: &Value) {
    if new != old {
        errors.push(Error::invalid(path, new.clone(), IMMUTABLE));
    }
}

/// A map of labels.
pub(crate) fn labels(errors: &mut Vec<Error>, path: &str, labels: &Value) {
    for (key, value) in members(labels) {
        let value = value.as_str().unwrap_or_default();
        errors.extend(Error::each(path, key.as_str(), names::qualified(key)));
        errors.extend(Error::each(path, value, names::label_value(value)));
    }
}

/// A `metav1.LabelSelector`; null is fine here.
pub(crate) fn label_selector(errors: &mut Vec<Error>, path: &str, selector: &Value) {
    labels(errors, &format!("{path}.matchLabels"), at(selector, &["matchLabels"]));
    for (i, expression) in list(selector, &["matchExpressions"]).iter().enumerate() {
        let path = format!("{path}.matchExpressions[{i}]");
        let values = list(expression, &["values"]);
        match text(expression, &["operator"]) {
            "In" | "NotIn" if values.is_empty() => errors
                .push(Error::required(format!("{path}.values"), "must be specified when `operator` is 'In' or 'NotIn'")),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(Error::forbidden(
                format!("{path}.values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(Error::invalid(format!("{path}.operator"), other, "not a valid selector operator")),
        }
        let key = text(expression, &["key"]);
        errors.extend(Error::each(&format!("{path}.key"), key, names::qualified(key)));
        for (j, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            errors.extend(Error::each(&format!("{path}.values[{j}]"), value, names::label_value(value)));
        }
    }
}

/// Whether a `metav1.LabelSelector` has no requirement.
pub(crate) fn is_empty_selector(selector: &Value) -> bool {
    is_empty(at(selector, &["matchLabels"])) && is_empty(at(selector, &["matchExpressions"]))
}

pub(crate) fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}
