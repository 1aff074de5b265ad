//! One value against one schema, and all below it.

use serde_json::{Map, Value};

use super::format;
use crate::{
    custom::schema::{Additional, Limits, Schema, Types},
    field::{Error, Problem},
};

/// Complaints about a whole object; `old` is what it was.
pub(super) fn check(schema: &Schema, value: &Value, old: Option<&Value>) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(schema, value, old, "", &mut errors);
    errors
}

fn walk(schema: &Schema, value: &Value, old: Option<&Value>, path: &str, errors: &mut Vec<Error>) {
    if old == Some(value) {
        return;
    }
    if !has_type(schema, value) {
        let wanted = if schema.int_or_string { "integer,string" } else { schema.types.name() };
        errors.push(type_invalid(path, kind(value).into(), &format!("must be of type {wanted}: {:?}", kind(value))));
    }
    if value.is_null() && schema.nullable {
        return;
    }
    junctors(schema, value, old, path, errors);
    let limits = &schema.limits;
    match value {
        Value::String(text) => string(schema, text, path, errors),
        Value::Number(_) => number(limits, value, path, errors),
        Value::Array(items) => list(schema, items, old, path, errors),
        Value::Object(fields) => object(schema, fields, old, path, errors),
        Value::Null | Value::Bool(_) => {}
    }
    if let Some(allowed) = limits.enumeration.as_ref().filter(|allowed| !allowed.contains(value)) {
        let names: Vec<String> = allowed.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        errors.push(Error::not_supported(path, value.clone(), &names));
    }
}

fn has_type(schema: &Schema, value: &Value) -> bool {
    match (schema.types, value) {
        (_, Value::Null) => schema.nullable || (schema.types == Types::Any && !schema.int_or_string),
        (Types::Any, value) => !schema.int_or_string || value.is_string() || is_integer(value),
        (Types::Object, Value::Object(_))
        | (Types::Array, Value::Array(_))
        | (Types::String, Value::String(_))
        | (Types::Boolean, Value::Bool(_))
        | (Types::Number, Value::Number(_)) => true,
        (Types::Integer, value) => is_integer(value),
        _ => false,
    }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A complaint that names the field twice, as upstream's validator does.
fn invalid(path: &str, value: Value, why: &str) -> Error {
    Error::invalid(path, value, format!("{path} in body {why}"))
}

fn type_invalid(path: &str, value: Value, why: &str) -> Error {
    Error { problem: Problem::TypeInvalid, ..invalid(path, value, why) }
}

/// `allOf`, `anyOf`, `oneOf`, `not`: their own complaint has no field, and names the place in its sentence.
fn junctors(schema: &Schema, value: &Value, old: Option<&Value>, path: &str, errors: &mut Vec<Error>) {
    let complain = |errors: &mut Vec<Error>, why: &str| {
        errors.push(Error::invalid("<nil>", "", format!("{path:?} must {why}")));
    };
    let each = |all: &[Schema]| -> Vec<Vec<Error>> {
        let failures = |schema| {
            let mut errors = Vec::new();
            walk(schema, value, old, path, &mut errors);
            errors
        };
        all.iter().map(failures).collect()
    };
    if !schema.any_of.is_empty() {
        let mut results = each(&schema.any_of);
        if !results.iter().any(Vec::is_empty) {
            complain(errors, "validate at least one schema (anyOf)");
            errors.append(&mut results[0]);
        }
    }
    if !schema.one_of.is_empty() {
        let mut results = each(&schema.one_of);
        match results.iter().filter(|errors| errors.is_empty()).count() {
            1 => {}
            0 => {
                complain(errors, "validate one and only one schema (oneOf). Found none valid");
                errors.append(&mut results[0]);
            }
            many => {
                complain(errors, &format!("validate one and only one schema (oneOf). Found {many} valid alternatives"));
            }
        }
    }
    if !schema.all_of.is_empty() {
        let results = each(&schema.all_of);
        let valid = results.iter().filter(|errors| errors.is_empty()).count();
        let total = results.len();
        errors.extend(results.into_iter().flatten());
        match valid {
            all if all == total => {}
            0 => complain(errors, "validate all the schemas (allOf). None validated"),
            _ => complain(errors, "validate all the schemas (allOf)"),
        }
    }
    if let Some(not) = &schema.not
        && each(std::slice::from_ref(not))[0].is_empty()
    {
        complain(errors, "not validate the schema (not)");
    }
}

fn string(schema: &Schema, text: &str, path: &str, errors: &mut Vec<Error>) {
    let limits = &schema.limits;
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(max) = limits.max_length.filter(|max| length > *max) {
        errors.push(Error::too_long(path, usize::try_from(max).unwrap_or(0)));
    }
    if let Some(min) = limits.min_length.filter(|min| length < *min) {
        errors.push(invalid(path, text.into(), &format!("should be at least {min} chars long")));
    }
    if let Some(pattern) = &limits.pattern
        && !pattern.regex.as_ref().is_ok_and(|regex| regex.is_match(text))
    {
        errors.push(invalid(path, text.into(), &format!("should match '{}'", pattern.text)));
    }
    if !format::holds(&schema.format, text) {
        errors.push(type_invalid(path, text.into(), &format!("must be of type {}: {text:?}", schema.format)));
    }
}

fn number(limits: &Limits, value: &Value, path: &str, errors: &mut Vec<Error>) {
    let Some(number) = value.as_f64() else { return };
    if let Some(max) = limits.maximum.filter(|max| number > *max || (limits.exclusive_maximum && number >= *max)) {
        let or = if limits.exclusive_maximum { "" } else { " or equal to" };
        errors.push(invalid(path, value.clone(), &format!("should be less than{or} {}", go(max))));
    }
    if let Some(min) = limits.minimum.filter(|min| number < *min || (limits.exclusive_minimum && number <= *min)) {
        let or = if limits.exclusive_minimum { "" } else { " or equal to" };
        errors.push(invalid(path, value.clone(), &format!("should be greater than{or} {}", go(min))));
    }
    if let Some(factor) = limits.multiple_of.filter(|factor| *factor > 0.0 && (number / factor).fract() != 0.0) {
        errors.push(invalid(path, value.clone(), &format!("should be a multiple of {}", go(factor))));
    }
}

/// As Go prints a float64 with `%v`.
fn go(number: f64) -> String {
    if number != 0.0 && (number.abs() < 1e-4 || number.abs() >= 1e21) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = exponent.strip_prefix('-').map_or(("+", exponent), |power| ("-", power));
        return format!("{digits}e{sign}{power:0>2}");
    }
    number.to_string()
}

fn list(schema: &Schema, items: &[Value], old: Option<&Value>, path: &str, errors: &mut Vec<Error>) {
    let limits = &schema.limits;
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(below) = &schema.items {
        for (at, value) in items.iter().enumerate() {
            walk(below, value, schema.partner(value, old), &format!("{path}[{at}]"), errors);
        }
    }
    if let Some(min) = limits.min_items.filter(|min| length < *min) {
        errors.push(invalid(path, length.into(), &format!("should have at least {min} items")));
    }
    if let Some(max) = limits.max_items.filter(|max| length > *max) {
        errors.push(Error::too_many(path, items.len(), usize::try_from(max).unwrap_or(0)));
    }
    if limits.unique_items && (1..items.len()).any(|at| items[..at].contains(&items[at])) {
        errors.push(invalid(path, items.into(), "shouldn't contain duplicates"));
    }
}

fn object(schema: &Schema, fields: &Map<String, Value>, old: Option<&Value>, path: &str, errors: &mut Vec<Error>) {
    let limits = &schema.limits;
    let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(min) = limits.min_properties.filter(|min| count < *min) {
        errors.push(invalid(path, count.into(), &format!("should have at least {min} properties")));
    }
    if let Some(max) = limits.max_properties.filter(|max| count > *max) {
        errors.push(Error::too_many(path, fields.len(), usize::try_from(max).unwrap_or(0)));
    }
    for name in schema.required.iter().filter(|name| !fields.contains_key(*name)) {
        errors.push(Error::required(below(name), ""));
    }
    for (name, value) in fields {
        let schema = match (schema.properties.get(name), &schema.additional) {
            (Some(schema), _) => schema,
            (None, Some(Additional::Schema(schema))) => schema,
            _ => continue,
        };
        walk(schema, value, old.and_then(|old| old.get(name)), &below(name), errors);
    }
}
