//! Metadata that is wrong, and what upstream says of it.

use serde_json::json;

use super::*;
use crate::kinds::{CONFIG_MAP, NAMESPACE, NODE, POD, SERVICE};

fn complaints(kind: &Kind, metadata: Value) -> Vec<String> {
    validate(kind, &json!({"metadata": metadata})).iter().map(ToString::to_string).collect()
}

/// Rows follow staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go, and for names
/// staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go.
#[test]
fn bad_metadata() {
    let named = |more: Value| {
        let mut metadata = json!({"name": "a", "namespace": "b"});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        metadata
    };
    let cases: Vec<(&Kind, Value, &str)> = vec![
        (&POD, json!({"namespace": "b"}), "metadata.name: Required value: name or generateName is required"),
        (&POD, json!({"name": "a"}), "metadata.namespace: Required value"),
        (&NODE, json!({"name": "a", "namespace": "b"}), "metadata.namespace: Forbidden: not allowed on this type"),
        (
            &POD,
            json!({"name": "A_b", "namespace": "b"}),
            "metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
        (&NAMESPACE, json!({"name": "a.b"}), "metadata.name: Invalid value: \"a.b\": must not contain dots"),
        (
            &SERVICE,
            json!({"name": "1a", "namespace": "b"}),
            "metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ),
        (
            &POD,
            named(json!({"labels": {"a": "b c"}})),
            "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
        (
            &POD,
            named(json!({"labels": {"-a": ""}})),
            "metadata.labels: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ),
        (
            &POD,
            named(json!({"annotations": {"a": "x".repeat(ANNOTATIONS_LIMIT)}})),
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
        (
            &POD,
            named(json!({"finalizers": ["mine"]})),
            "metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified",
        ),
        (
            &POD,
            named(json!({"finalizers": ["orphan", "foregroundDeletion"]})),
            "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and foregroundDeletion cannot be both set",
        ),
        (
            &POD,
            named(json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a"}]})),
            "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
        ),
    ];
    for (kind, metadata, expected) in cases {
        assert_eq!(complaints(kind, metadata), [expected]);
    }
    assert_eq!(complaints(&POD, json!({"generateName": "a-", "name": "a-x", "namespace": "b"})), Vec::<String>::new());
    assert_eq!(complaints(&CONFIG_MAP, named(json!({"annotations": {"A.io/B": "c"}}))), Vec::<String>::new());
}

#[test]
fn changes_of_what_is_fixed() {
    let old = json!({"metadata": {"name": "a", "uid": "1", "deletionTimestamp": "t", "finalizers": ["a/b"]}});
    let new = json!({"metadata": {"name": "a", "uid": "2", "finalizers": ["a/b", "c/d"]}});
    let complaints: Vec<String> = validate_update(&new, &old).iter().map(ToString::to_string).collect();
    assert_eq!(
        complaints,
        [
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"c/d\"}",
            "metadata.uid: Invalid value: \"2\": field is immutable",
        ]
    );
    assert_eq!(validate_update(&json!({"metadata": {}}), &old), []);
}
