//! Rules, and what is said when they do not hold.

use serde_json::{Value, json};

use super::{RULE_LIMIT, estimate, evaluate, undefined};
use crate::custom::schema::Schema;

/// `spec` with these properties and this rule.
fn schema(properties: &Value, rule: &Value) -> Schema {
    Schema::read(&json!({ "type": "object", "properties": {
        "spec": { "type": "object", "properties": properties, "x-kubernetes-validations": [rule] },
    } }))
}

fn said(schema: &Schema, spec: &Value, old: Option<&Value>) -> Vec<String> {
    let whole = |spec: &Value| json!({ "apiVersion": "g/v1", "kind": "K", "metadata": { "name": "n" }, "spec": spec });
    let errors = evaluate(schema, &whole(spec), old.map(whole).as_ref());
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn rules_hold_or_say_why() {
    let properties = json!({
        "x": { "type": "integer" }, "y": { "type": "integer" }, "time": { "type": "string", "format": "date-time" },
        "list": { "type": "array", "items": { "type": "integer" } }, "names": { "type": "array", "items": { "type": "string" } },
        "any": { "x-kubernetes-int-or-string": true }, "foo-bar": { "type": "string" },
        "map": { "type": "object", "additionalProperties": { "type": "string" } },
    });
    let cases = [
        (json!({ "rule": "self.x + self.y > 0" }), json!({ "x": 1, "y": 0 }), vec![]),
        (
            json!({ "rule": "self.x + self.y > 0" }),
            json!({ "x": 0, "y": 0 }),
            vec!["spec: Invalid value: \"object\": failed rule: self.x + self.y > 0"],
        ),
        (
            json!({ "rule": "self.x > 0", "message": "x counts" }),
            json!({ "x": 0 }),
            vec!["spec: Invalid value: \"object\": x counts"],
        ),
        (
            json!({ "rule": "self.x > 0", "message": "x", "messageExpression": "'x is ' + string(self.x)" }),
            json!({ "x": 0 }),
            vec!["spec: Invalid value: \"object\": x is 0"],
        ),
        (
            json!({ "rule": "self.x > 0", "message": "no", "reason": "FieldValueForbidden", "fieldPath": ".x" }),
            json!({ "x": 0 }),
            vec!["spec.x: Forbidden: no"],
        ),
        (
            json!({ "rule": "self.x > 0" }),
            json!({}),
            vec!["spec: Invalid value: \"object\": no such key: x evaluating rule: self.x > 0"],
        ),
        (json!({ "rule": "!has(self.x) || self.x > 0" }), json!({}), vec![]),
        (json!({ "rule": "self.list.isSorted() && self.list.sum() % 2 == 0" }), json!({ "list": [1, 2, 3] }), vec![]),
        (json!({ "rule": "self.names.all(n, n.startsWith('a'))" }), json!({ "names": ["a", "ab"] }), vec![]),
        (
            json!({ "rule": "self.time < timestamp('2025-01-01T00:00:00Z')" }),
            json!({ "time": "2024-01-01T00:00:00Z" }),
            vec![],
        ),
        (
            json!({ "rule": "self.foo__dash__bar == 'a' && self.map['k-k'] == 'v'" }),
            json!({ "foo-bar": "a", "map": { "k-k": "v" } }),
            vec![],
        ),
        (json!({ "rule": "type(self.any) == int ? self.any < 5 : self.any.endsWith('%')" }), json!({ "any": "3%" }), vec![]),
    ];
    for (rule, spec, expected) in cases {
        assert_eq!(said(&schema(&properties, &rule), &spec, None), expected, "{rule} {spec}");
    }
}

#[test]
fn transitions_and_what_did_not_change() {
    let properties = json!({ "x": { "type": "integer" } });
    let grows = schema(&properties, &json!({ "rule": "self.x > oldSelf.x" }));
    assert_eq!(said(&grows, &json!({ "x": 1 }), None), Vec::<String>::new());
    assert_eq!(said(&grows, &json!({ "x": 2 }), Some(&json!({ "x": 1 }))), Vec::<String>::new());
    assert_eq!(said(&grows, &json!({ "x": 1 }), Some(&json!({ "x": 1 }))).len(), 1);
    let optional = schema(
        &properties,
        &json!({ "rule": "!oldSelf.hasValue() || self.x > oldSelf.value().x", "optionalOldSelf": true }),
    );
    assert_eq!(said(&optional, &json!({ "x": 1 }), None), Vec::<String>::new());
    assert_eq!(said(&optional, &json!({ "x": 1 }), Some(&json!({ "x": 2 }))).len(), 1);
    let positive = schema(&properties, &json!({ "rule": "self.x > 0" }));
    assert_eq!(said(&positive, &json!({ "x": 0 }), Some(&json!({ "x": 0 }))), Vec::<String>::new());
    assert_eq!(said(&positive, &json!({ "x": -1 }), Some(&json!({ "x": 0 }))).len(), 1);
}

#[test]
fn what_compilation_says() {
    let properties = json!({ "x": { "type": "integer" }, "list": { "type": "array", "items": { "type": "object", "properties": { "a": { "type": "string" } } } } });
    let complaint = |rule: &str| {
        let schema = schema(&properties, &json!({ "rule": rule }));
        let spec = &schema.properties["spec"];
        match &spec.rules[0].expression {
            Err(why) => why.clone(),
            Ok(expression) => undefined(expression, rule, spec, false).unwrap_or_default(),
        }
    };
    assert_eq!(complaint("self.x == 1 && self.list.all(l, l.a == 'b')"), "");
    assert_eq!(
        complaint("self.z == 100"),
        "compilation failed: ERROR: <input>:1:5: undefined field 'z'\n | self.z == 100\n | ....^"
    );
    assert!(complaint("self.list.all(l, l.b == 'b')").contains("undefined field 'b'"));
    assert!(complaint("self = 42").contains("Syntax error"), "{}", complaint("self = 42"));
}

#[test]
fn what_costs_too_much() {
    let expensive = Schema::read(&json!({ "type": "array", "items": { "type": "string" },
        "x-kubernetes-validations": [{ "rule": "self.all(s, s == 'string constant')" }] }));
    let bounded = Schema::read(
        &json!({ "type": "object", "properties": { "l": { "type": "array", "maxItems": 725, "items": { "type": "integer" } } },
        "x-kubernetes-validations": [{ "rule": "self.l.all(x, self.l.all(y, y == x))" }] }),
    );
    let cost = |schema: &Schema, value: Option<&Value>| {
        estimate(schema.rules[0].expression.as_ref().unwrap().tree(), schema, value)
    };
    // once for each of as many lists
    assert!(cost(&expensive, None) * 1_000_000.0 > RULE_LIMIT * 100.0);
    assert!(cost(&bounded, None) < RULE_LIMIT, "{}", cost(&bounded, None));
    let large = json!({ "l": vec![20; 725] });
    assert!(cost(&bounded, Some(&large)) > super::cost::CALL_LIMIT);
    let errors = evaluate(&bounded, &large, None);
    assert!(errors[0].to_string().contains("call cost exceeds limit"), "{errors:?}");
    assert!(evaluate(&bounded, &json!({ "l": [2, 2] }), None).is_empty());
}
