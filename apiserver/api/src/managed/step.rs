//! Path elements, as `fieldsV1` writes them: `f:<field>`, `k:<keys of a list's item>`, `v:<a set's item>`, `i:<index>`.

use serde_json::{Map, Value};

use super::atom::{By, Schema};

pub(super) fn field(name: &str) -> String {
    let mut step = String::with_capacity(name.len() + 2);
    step.push_str("f:");
    step.push_str(name);
    step
}

/// What names `item` in a list that is merged.
///
/// # Errors
/// In upstream's words, for an item that has no such name.
pub(super) fn item(by: By, schema: Schema, item: &Value) -> Result<String, String> {
    match by {
        By::Index => Err("an atomic list has no named items".to_owned()),
        By::Value => value(item),
        By::Keys(keys) => keyed(keys, schema, item),
    }
}

fn value(item: &Value) -> Result<String, String> {
    match item {
        Value::Object(_) => Err("associative list without keys has an element that's a map type".into()),
        Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".into()),
        scalar => Ok(format!("v:{scalar}")),
    }
}

fn keyed(keys: &[&str], schema: Schema, item: &Value) -> Result<String, String> {
    let fields = match item {
        Value::Object(fields) => fields,
        Value::Null => return Err("associative list with keys may not have a null element".into()),
        _ => return Err("associative list with keys may not have non-map elements".into()),
    };
    let mut named: Vec<(&str, Value)> = Vec::with_capacity(keys.len());
    for key in keys {
        let value = fields.get(*key).cloned().or_else(|| schema.default_of(key)).ok_or_else(|| {
            format!(
                "associative list with keys has an element that omits key field {key:?} (and doesn't have default value)"
            )
        })?;
        named.push((key, value));
    }
    named.sort_by_key(|(key, _)| *key);
    let mut step = String::from("k:{");
    for (at, (key, value)) in named.into_iter().enumerate() {
        if at > 0 {
            step.push(',');
        }
        step.push_str(&Value::from(key).to_string());
        step.push(':');
        step.push_str(&value.to_string());
    }
    step.push('}');
    Ok(step)
}

/// A path element as messages show it.
pub(super) fn show(step: &str) -> String {
    match step.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("i:", index)) => format!("[{index}]"),
        Some(("v:", value)) => format!("[={value}]"),
        Some(("k:", keys)) => match serde_json::from_str::<Map<String, Value>>(keys) {
            Ok(keys) => {
                let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", keys.join(","))
            }
            Err(_) => format!("[{keys}]"),
        },
        _ => step.to_owned(),
    }
}

/// The one way to write a path element that a client wrote.
///
/// # Errors
/// For what is none.
pub(super) fn canonical(step: &str) -> Result<String, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("failed to parse path element {step:?}: {why}");
    match step.split_at_checked(2) {
        _ if step == "." => Ok(step.to_owned()),
        Some(("f:", _)) => Ok(step.to_owned()),
        Some(("i:", index)) => index.parse::<i64>().map(|index| format!("i:{index}")).map_err(|error| wrong(&error)),
        Some(("v:", value)) => {
            serde_json::from_str::<Value>(value).map(|value| format!("v:{value}")).map_err(|error| wrong(&error))
        }
        Some(("k:", keys)) => serde_json::from_str::<Map<String, Value>>(keys)
            .map(|keys| format!("k:{}", Value::Object(keys)))
            .map_err(|error| wrong(&error)),
        _ => Err(wrong(&"unknown path element type")),
    }
}
