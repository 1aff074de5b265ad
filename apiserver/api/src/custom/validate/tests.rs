//! Bad values and what upstream says of them.

use serde_json::{Value, json};

use super::{lists, nested, walk};
use crate::custom::schema::Schema;

fn said(schema: &Value, value: &Value) -> Vec<String> {
    let schema = Schema::read(&json!({ "type": "object", "properties": { "x": schema } }));
    let value = json!({ "x": value });
    let mut errors = nested::check(&schema, &value);
    errors.extend(walk::check(&schema, &value, None));
    errors.extend(lists::check(&schema, &value));
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn one_rule_each() {
    let cases = [
        (
            json!({ "type": "integer" }),
            json!("a"),
            "x: Invalid value: \"string\": x in body must be of type integer: \"string\"",
        ),
        (
            json!({ "type": "string" }),
            json!(1),
            "x: Invalid value: \"integer\": x in body must be of type string: \"integer\"",
        ),
        (json!({ "type": "string" }), Value::Null, "x: Invalid value: \"null\": x in body must be of type string: \"null\""),
        (
            json!({ "x-kubernetes-int-or-string": true }),
            json!(true),
            "x: Invalid value: \"boolean\": x in body must be of type integer,string: \"boolean\"",
        ),
        (json!({ "type": "object", "required": ["a"] }), json!({}), "x.a: Required value"),
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            json!("c"),
            "x: Unsupported value: \"c\": supported values: \"a\", \"b\"",
        ),
        (
            json!({ "type": "string", "pattern": "^[a-z]$" }),
            json!("A"),
            "x: Invalid value: \"A\": x in body should match '^[a-z]$'",
        ),
        (json!({ "type": "string", "maxLength": 2 }), json!("abc"), "x: Too long: may not be more than 2 bytes"),
        (
            json!({ "type": "string", "minLength": 2 }),
            json!("a"),
            "x: Invalid value: \"a\": x in body should be at least 2 chars long",
        ),
        (
            json!({ "type": "integer", "maximum": 2 }),
            json!(3),
            "x: Invalid value: 3: x in body should be less than or equal to 2",
        ),
        (
            json!({ "type": "integer", "maximum": 2, "exclusiveMaximum": true }),
            json!(2),
            "x: Invalid value: 2: x in body should be less than 2",
        ),
        (
            json!({ "type": "integer", "minimum": 2 }),
            json!(1),
            "x: Invalid value: 1: x in body should be greater than or equal to 2",
        ),
        (
            json!({ "type": "integer", "multipleOf": 2 }),
            json!(3),
            "x: Invalid value: 3: x in body should be a multiple of 2",
        ),
        (
            json!({ "type": "array", "maxItems": 1, "items": { "type": "string" } }),
            json!(["a", "b"]),
            "x: Too many: 2: must have at most 1 item",
        ),
        (
            json!({ "type": "array", "minItems": 1, "items": { "type": "string" } }),
            json!([]),
            "x: Invalid value: 0: x in body should have at least 1 items",
        ),
        (
            json!({ "type": "array", "items": { "type": "string" } }),
            json!(["a", 1]),
            "x[1]: Invalid value: \"integer\": x[1] in body must be of type string: \"integer\"",
        ),
        (
            json!({ "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } }),
            json!(["a", "a"]),
            "x[1]: Duplicate value: \"a\"",
        ),
        (
            json!({ "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": { "type": "object", "properties": { "k": { "type": "string" } } } }),
            json!([{ "k": "a" }, { "k": "a" }]),
            "x[1]: Duplicate value: {\"k\":\"a\"}",
        ),
        (
            json!({ "type": "object", "maxProperties": 1, "additionalProperties": { "type": "string" } }),
            json!({ "a": "", "b": "" }),
            "x: Too many: 2: must have at most 1 item",
        ),
        (
            json!({ "type": "string", "format": "date-time" }),
            json!("now"),
            "x: Invalid value: \"now\": x in body must be of type date-time: \"now\"",
        ),
        (
            json!({ "type": "object", "not": { "required": ["a"] }, "properties": { "a": { "type": "string" } } }),
            json!({ "a": "" }),
            "<nil>: Invalid value: \"\": \"x\" must not validate the schema (not)",
        ),
        (
            json!({ "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }),
            json!({ "apiVersion": "v1" }),
            "x.kind: Required value: must not be empty",
        ),
    ];
    for (schema, value, expected) in cases {
        assert_eq!(said(&schema, &value), [expected], "{schema} {value}");
    }
}

#[test]
fn good_values() {
    let cases = [
        (json!({ "type": "integer" }), json!(1.0)),
        (json!({ "type": "number" }), json!(1)),
        (json!({ "type": "string", "nullable": true }), Value::Null),
        (
            json!({ "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] }),
            json!("25%"),
        ),
        (json!({ "x-kubernetes-preserve-unknown-fields": true }), json!([{ "any": "thing" }])),
        (json!({ "type": "object", "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] }), json!({ "a": 1 })),
    ];
    for (schema, value) in cases {
        assert_eq!(said(&schema, &value), Vec::<String>::new(), "{schema} {value}");
    }
}

#[test]
fn what_did_not_change_is_tolerated() {
    let schema = Schema::read(&json!({ "type": "object", "properties": {
        "a": { "type": "string", "maxLength": 1 },
        "b": { "type": "string", "maxLength": 1 },
        "list": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": { "type": "object", "properties": { "k": { "type": "string" }, "v": { "type": "string", "maxLength": 1 } } } },
    } }));
    let old = json!({ "a": "long", "b": "long", "list": [{ "k": "1", "v": "long" }] });
    let new = json!({ "a": "long", "b": "longer", "list": [{ "k": "0", "v": "" }, { "k": "1", "v": "long" }] });
    let errors: Vec<String> = walk::check(&schema, &new, Some(&old)).iter().map(|error| error.field.clone()).collect();
    assert_eq!(errors, ["b"]);
}
