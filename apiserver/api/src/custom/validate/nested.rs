//! Objects within objects (`x-kubernetes-embedded-resource`): they say what they are.

use serde_json::Value;

use crate::{custom::schema::Schema, field::Error, kinds::metadata};

pub(super) fn check(schema: &Schema, value: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(schema, value, "", &mut errors);
    errors
}

fn walk(schema: &Schema, value: &Value, path: &str, errors: &mut Vec<Error>) {
    match value {
        Value::Object(fields) => {
            if schema.embedded {
                for name in ["apiVersion", "kind"] {
                    if fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
                        errors.push(Error::required(format!("{path}.{name}"), "must not be empty"));
                    }
                }
                if let Some(own) = fields.get("metadata") {
                    errors.extend(metadata::embedded(own, &format!("{path}.metadata")));
                }
            }
            for (name, value) in fields {
                if let Some(below) = schema.properties.get(name).or(schema.additional()) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(below, value, &path, errors);
                }
            }
        }
        Value::Array(items) => {
            if let Some(below) = &schema.items {
                for (at, item) in items.iter().enumerate() {
                    walk(below, item, &format!("{path}[{at}]"), errors);
                }
            }
        }
        _ => {}
    }
}
