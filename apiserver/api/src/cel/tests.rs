//! What expressions of policies rely on.

use serde_json::json;

use super::*;
use crate::schema;

fn evaluate(text: &str) -> Result<Value, String> {
    let mut scope = Scope::default();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "a", "namespace": "n", "creationTimestamp": "2024-01-01T00:00:00Z", "labels": { "a-b/c": "d" } },
        "spec": { "containers": [{ "name": "c", "image": "i:latest", "resources": { "limits": { "cpu": "100m" } } }] },
    });
    scope.set("object", schema::find("io.k8s.api.core.v1.Pod"), &pod);
    scope.set("oldObject", None, &Value::Null);
    let expression = Expression::compile(text, &["object", "oldObject"])?;
    scope.evaluate(&expression).map(|value| to_json(&value))
}

#[test]
fn expressions_of_policies() {
    let cases = [
        ("object.spec.containers.all(c, c.image.endsWith(':latest'))", json!(true)),
        ("has(object.metadata.labels) && 'a-b/c' in object.metadata.labels", json!(true)),
        ("object.metadata.namespace == 'n' && object.metadata.__namespace__ == 'n'", json!(true)),
        ("object.metadata.creationTimestamp < timestamp('2025-01-01T00:00:00Z')", json!(true)),
        ("oldObject == null", json!(true)),
        ("quantity(object.spec.containers[0].resources.limits.cpu).isLessThan(quantity('1'))", json!(true)),
        ("object.?spec.?replicas.orValue(3)", json!(3)),
        ("has(object.spec.nodeName) ? 'yes' : 'no'", json!("no")),
        (
            "Object{spec: Object.spec{replicas: 1, nested: [Object.spec.nested{a: 'b'}]}}",
            json!({ "spec": { "replicas": 1, "nested": [{ "a": "b" }] } }),
        ),
        (
            "[JSONPatch{op: 'add', path: '/metadata/labels/x', value: 'y'}]",
            json!([{ "op": "add", "path": "/metadata/labels/x", "value": "y" }]),
        ),
        ("object.spec.containers.map(c, c.name)", json!(["c"])),
        ("math.greatest(1, 2)", json!(2)),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let cases = [
        ("object.spec.replicas > 1", "no such key: replicas"),
        (
            "nobody.spec",
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')\n | nobody.spec\n | ^",
        ),
        ("1 / 0", "division by zero"),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text), Err(expected.to_owned()), "{text}");
    }
    assert!(
        evaluate("object.").unwrap_err().starts_with("compilation failed: ERROR: <input>:1:8: Syntax error"),
        "{:?}",
        evaluate("object.")
    );
}
