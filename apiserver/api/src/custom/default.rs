//! Defaults of a schema, filled in where a value is missing; a null that is not allowed counts as missing.

use serde_json::Value;

use super::schema::Schema;

/// Fills `value`, an object of the schema, all the way down.
pub(super) fn fill(schema: &Schema, value: &mut Value) {
    if !schema.has_defaults {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, below) in schema.properties.iter().filter(|(_, below)| below.has_defaults) {
                let missing = match fields.get(name) {
                    None => true,
                    Some(Value::Null) => !below.nullable,
                    Some(_) => false,
                };
                if let (true, Some(default)) = (missing, &below.default) {
                    fields.insert(name.clone(), default.clone());
                }
                if let Some(value) = fields.get_mut(name) {
                    fill(below, value);
                }
            }
            if let Some(below) = schema.additional() {
                let others = fields.iter_mut().filter(|(name, _)| !schema.properties.contains_key(*name));
                others.for_each(|(_, value)| item(below, value));
            }
        }
        Value::Array(items) => {
            if let Some(below) = &schema.items {
                items.iter_mut().for_each(|value| item(below, value));
            }
        }
        _ => {}
    }
}

/// A member of a list or map: it is there, but a null may not be.
fn item(schema: &Schema, value: &mut Value) {
    if let (true, false, Some(default)) = (value.is_null(), schema.nullable, &schema.default) {
        *value = default.clone();
    }
    fill(schema, value);
}

/// Drops the nulls that are not allowed and that no default replaces.
pub(super) fn drop_nulls(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let Some(below) = schema.properties.get(name).or(schema.additional()) else { return true };
            if value.is_null() {
                return below.nullable || below.default.is_some();
            }
            drop_nulls(below, value);
            true
        }),
        Value::Array(items) => {
            if let Some(below) = &schema.items {
                items.iter_mut().for_each(|value| drop_nulls(below, value));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn upstreams_rules() {
        let schema = Schema::read(&json!({ "type": "object", "properties": {
            "a": { "type": "string", "default": "A" },
            "nullable": { "type": "string", "nullable": true, "default": "N" },
            "below": { "type": "object", "properties": { "b": { "type": "integer", "default": 1 } } },
            "list": { "type": "array", "items": { "type": "object", "properties": { "c": { "type": "string", "default": "C" } } } },
            "map": { "type": "object", "additionalProperties": { "type": "string", "default": "D" } },
            "whole": { "type": "object", "default": {}, "properties": { "e": { "type": "string", "default": "E" } } },
        } }));
        let cases = [
            (json!({}), json!({ "a": "A", "nullable": "N", "whole": { "e": "E" } })),
            (
                json!({ "a": null, "nullable": null, "whole": { "e": "x" } }),
                json!({ "a": "A", "nullable": null, "whole": { "e": "x" } }),
            ),
            (
                json!({ "a": "", "nullable": "", "below": {}, "list": [{}, { "c": "x" }], "map": { "k": null }, "whole": {} }),
                json!({ "a": "", "nullable": "", "below": { "b": 1 }, "list": [{ "c": "C" }, { "c": "x" }], "map": { "k": "D" }, "whole": { "e": "E" } }),
            ),
        ];
        for (mut value, expected) in cases {
            fill(&schema, &mut value);
            assert_eq!(value, expected);
        }
    }
}
