//! A configuration against the schema, in the words of upstream's server-side apply.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    atom::{Atom, By, Scalar, Schema},
    step,
};
use crate::patch::go;

/// All that is wrong, as one message.
pub(super) fn check(schema: Schema, value: &Value) -> Result<(), String> {
    let mut errors = Vec::new();
    walk(schema, value, "", &mut errors);
    match errors.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("errors:\n  {}", many.join("\n  "))),
    }
}

fn walk(schema: Schema, value: &Value, path: &str, errors: &mut Vec<String>) {
    let mut complain = |what: String| {
        errors.push(if path.is_empty() { what } else { format!("{path}: {what}") });
    };
    if value.is_null() {
        return;
    }
    match (schema.atom(Some(value)), value) {
        (Atom::Scalar(scalar), value) => {
            if let Some(what) = mistyped(scalar, value) {
                complain(what);
            }
        }
        (Atom::Map { of, .. }, Value::Object(map)) => {
            for (name, value) in map {
                let path = format!("{path}.{name}");
                match of.get(name) {
                    Some(schema) => walk(schema, value, &path, errors),
                    None => {
                        errors.push(format!("{path}: field not declared in schema"));
                        return;
                    }
                }
            }
        }
        (Atom::List { item, by }, Value::Array(list)) => {
            let mut seen = BTreeSet::new();
            for (index, value) in list.iter().enumerate() {
                let name = match by {
                    By::Index => format!("[{index}]"),
                    By::Value | By::Keys(_) => match step::item(by, item, value) {
                        Ok(name) => {
                            let shown = step::show(&name);
                            if !seen.insert(name) {
                                let what = format!("duplicate entries for key {shown}");
                                errors.push(if path.is_empty() { what } else { format!("{path}: {what}") });
                            }
                            shown
                        }
                        Err(why) => {
                            errors.push(format!("{path}: element {index}: {why}"));
                            return;
                        }
                    },
                };
                walk(item, value, &format!("{path}{name}"), errors);
            }
        }
        (Atom::Map { .. }, other) => complain(format!("expected map, got &{{{}}}", go(other))),
        (Atom::List { .. }, other) => complain(format!("expected list, got &{{{}}}", go(other))),
    }
}

fn mistyped(scalar: Scalar, value: &Value) -> Option<String> {
    let fits = match scalar {
        Scalar::String => value.is_string(),
        Scalar::Number => value.is_number(),
        Scalar::Bool => value.is_boolean(),
        Scalar::Any => !value.is_object() && !value.is_array(),
    };
    if fits {
        return None;
    }
    Some(match scalar {
        Scalar::Number => format!("expected numeric (int or float), got {}", go_type(value)),
        Scalar::String => format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)),
        Scalar::Bool => format!("expected boolean, got &{{{}}}", go(value)),
        Scalar::Any => format!("expected any scalar, got &{{{}}}", go(value)),
    })
}

/// Go's `%T`.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Go's `%#v`.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            format!("[]interface {{}}{{{}}}", list.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(name, value)| format!("{name:?}:{}", go_syntax(value))).collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        Value::Null => "interface {}(nil)".to_owned(),
        scalar => scalar.to_string(),
    }
}
