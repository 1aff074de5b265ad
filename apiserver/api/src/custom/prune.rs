//! Fields that a schema does not know: taken out, and told. Where the schema preserves them they stay, and what it knows of
//! their insides still holds.

use serde_json::{Map, Value};

use super::schema::{Additional, Schema, Types};

/// What every object has.
const NATIVE: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Takes the unknown fields out of `value`, a whole object, and tells their paths.
pub fn prune(schema: &Schema, value: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    if let Value::Object(fields) = value {
        object(schema, fields, true, "", &mut unknown);
    }
    unknown
}

/// Takes the unknown fields out of a part of an object: a default.
pub(crate) fn prune_part(schema: &Schema, value: &mut Value) {
    walk(schema, value, "", &mut Vec::new());
}

fn walk(schema: &Schema, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(fields) => object(schema, fields, schema.embedded, path, unknown),
        Value::Array(items) => {
            for (at, value) in items.iter_mut().enumerate() {
                let path = format!("{path}[{at}]");
                match &schema.items {
                    Some(below) => walk(below, value, &path, unknown),
                    None if schema.preserve_unknown => {}
                    // nothing is known of the items, so they have no known fields
                    None => walk(&Schema::default(), value, &path, unknown),
                }
            }
        }
        _ => {}
    }
}

fn object(schema: &Schema, fields: &mut Map<String, Value>, whole: bool, path: &str, unknown: &mut Vec<String>) {
    fields.retain(|name, value| {
        if whole && NATIVE.contains(&name.as_str()) {
            return true;
        }
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (schema.properties.get(name).or(schema.additional()), &schema.additional) {
            (Some(below), _) => walk(below, value, &path, unknown),
            (None, Some(Additional::Allowed(true))) => {}
            _ if schema.preserve_unknown || (schema.int_or_string && schema.types == Types::Any) => {}
            _ => {
                unknown.push(path);
                return false;
            }
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_go_and_preserved_ones_stay() {
        let schema = Schema::read(&json!({ "type": "object", "properties": {
            "spec": { "type": "object", "properties": {
                "known": { "type": "string" },
                "open": { "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    "properties": { "closed": { "type": "object", "properties": { "a": { "type": "string" } } } } },
                "list": { "type": "array", "items": { "type": "object", "properties": { "a": { "type": "string" } } } },
                "map": { "type": "object", "additionalProperties": { "type": "object" } },
                "pod": { "type": "object", "x-kubernetes-embedded-resource": true, "properties": { "spec": { "type": "object" } } },
            } },
        } }));
        let mut value = json!({
            "apiVersion": "v1", "kind": "X", "metadata": { "name": "x" }, "extra": 1,
            "spec": {
                "known": "k", "unknown": 1, "open": { "any": { "b": 1 }, "closed": { "a": "", "b": 1 } }, "list": [{ "a": "", "b": 1 }],
                "map": { "k": { "b": 1 } }, "pod": { "apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": { "b": 1 }, "b": 1 },
            },
        });
        let unknown = prune(&schema, &mut value);
        assert_eq!(
            unknown,
            [
                "extra",
                "spec.list[0].b",
                "spec.map.k.b",
                "spec.open.closed.b",
                "spec.pod.b",
                "spec.pod.spec.b",
                "spec.unknown"
            ]
        );
        assert_eq!(
            value["spec"],
            json!({
                "known": "k", "open": { "any": { "b": 1 }, "closed": { "a": "" } }, "list": [{ "a": "" }],
                "map": { "k": {} }, "pod": { "apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {} },
            })
        );
    }
}
