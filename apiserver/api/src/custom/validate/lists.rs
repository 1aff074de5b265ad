//! Lists that are sets or maps: nothing is in them twice.

use serde_json::{Map, Value};

use crate::{custom::schema::Schema, field::Error};

pub(super) fn check(schema: &Schema, value: &Value) -> Vec<Error> {
    check_at(schema, value, "")
}

pub(super) fn check_at(schema: &Schema, value: &Value, path: &str) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(schema, value, path, &mut errors);
    errors
}

fn walk(schema: &Schema, value: &Value, path: &str, errors: &mut Vec<Error>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(below) = schema.properties.get(name).or(schema.additional()) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(below, value, &path, errors);
                }
            }
        }
        Value::Array(items) => {
            match schema.list_type.as_str() {
                "set" => twice(items, path, errors, Value::clone),
                "map" => twice(items, path, errors, |item| keys(schema, item)),
                _ => {}
            }
            if let Some(below) = &schema.items {
                for (at, item) in items.iter().enumerate() {
                    walk(below, item, &format!("{path}[{at}]"), errors);
                }
            }
        }
        _ => {}
    }
}

fn twice(items: &[Value], path: &str, errors: &mut Vec<Error>, identity: impl Fn(&Value) -> Value) {
    let all: Vec<Value> = items.iter().map(identity).collect();
    let mut seen = std::collections::HashSet::new();
    for (at, identity) in all.iter().enumerate() {
        // JSON with sorted keys is an identity
        if !seen.insert(identity.to_string()) {
            errors.push(Error::duplicate(format!("{path}[{at}]"), identity.clone()));
        }
    }
}

fn keys(schema: &Schema, item: &Value) -> Value {
    let present = schema.list_keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
    Value::Object(present.collect::<Map<_, _>>())
}
