//! Unknown, duplicate and mistyped fields, in upstream's words.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schema::{self, Type};

fn deployment() -> &'static Type {
    schema::find("io.k8s.api.apps.v1.Deployment").unwrap()
}

fn pod() -> &'static Type {
    schema::find("io.k8s.api.core.v1.Pod").unwrap()
}

#[test]
fn duplicates_are_named_by_their_path() {
    let text =
        br#"{"spec":{"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c"}]}}}}"#;
    let (value, complaints) = super::decode_strict(text).unwrap();
    assert_eq!(
        complaints,
        [r#"duplicate field "spec.replicas""#, r#"duplicate field "spec.template.spec.containers[1].name""#]
    );
    assert_eq!(value["spec"]["replicas"], 2);
    assert!(super::decode_strict(b"{} x").is_err());
}

#[test]
fn unknown_fields_are_named_and_dropped() {
    let mut value = json!({"spec": {"foo": 1, "template": {"spec": {"containers": [{"name": "a", "imagee": "x"}]}}}});
    let complaints = super::conform(deployment(), &mut value).unwrap();
    assert_eq!(complaints, [r#"unknown field "spec.foo""#, r#"unknown field "spec.template.spec.containers[0].imagee""#]);
    assert_eq!(value, json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}));
    let status = super::strict_refusal(deployment(), &complaints[..1]);
    assert_eq!(
        status.message,
        r#"Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo""#
    );
}

/// The example is that of upstream's own tests of field validation.
#[test]
fn complaints_come_in_the_order_of_the_text() {
    let text = br#"{"metadata":{"name":"d","labels":{"app":"n"}},"spec":{"unknown1":"v","unknownDupe":"v","unknownDupe":"w","paused":true,
        "paused":false,"selector":{"matchLabels":{"app":"n"}},"template":{"metadata":{"labels":{"app":"n","app":"m"}},"spec":{"containers":[
        {"name":"n","image":"i","unknownNested":"v","unknownNested":{"a":1},"imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}"#;
    let (mut value, mut known) = super::decode_strict(text).unwrap();
    known.extend(super::conform(deployment(), &mut value).unwrap());
    let expected = [
        r#"unknown field "spec.unknown1""#,
        r#"unknown field "spec.unknownDupe""#,
        r#"duplicate field "spec.paused""#,
        r#"duplicate field "spec.template.metadata.labels.app""#,
        r#"unknown field "spec.template.spec.containers[0].unknownNested""#,
        r#"duplicate field "spec.template.spec.containers[0].imagePullPolicy""#,
    ];
    assert_eq!(super::in_order(deployment(), text, known), expected);
}

#[test]
fn wrong_types_are_refused_in_gos_words() {
    let why = |ty, mut value: Value| super::conform(ty, &mut value).unwrap_err();
    let rows = [
        (
            json!({"spec": {"replicas": "3"}}),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"replicas": 1.5}}),
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"replicas": 3_000_000_000_u64}}),
            "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"template": {"spec": {"containers": {}}}}}),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            json!({"spec": {"template": {"spec": {"containers": [{"image": 1}]}}}}),
            "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string",
        ),
        (
            json!({"metadata": {"labels": {"a": true}}}),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            json!({"metadata": {"labels": 1}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (json!({"spec": []}), "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec"),
        (
            json!({"metadata": {"creationTimestamp": "yesterday"}}),
            r#"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#,
        ),
    ];
    for (value, expected) in rows {
        assert_eq!(why(deployment(), value), expected);
    }
    let cpu = json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "one"}}}]}});
    assert!(why(pod(), cpu).starts_with("quantities must match the regular expression"));
    let secret = schema::find("io.k8s.api.core.v1.Secret").unwrap();
    assert_eq!(why(secret, json!({"data": {"a": "YQ=?"}})), "illegal base64 data at input byte 2");
    assert_eq!(
        super::refusal(deployment(), "x").message,
        r#"Deployment in version "v1" cannot be handled as a Deployment: x"#
    );
}

#[test]
fn values_get_their_canonical_form() {
    let mut value = json!({
        "metadata": {"creationTimestamp": "2024-01-01T02:00:00.5+02:00", "labels": null, "annotations": {"a": null}},
        "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}}}], "nodeName": null},
    });
    assert_eq!(super::conform(pod(), &mut value).unwrap(), Vec::<String>::new());
    assert_eq!(
        value,
        json!({
            "metadata": {"creationTimestamp": "2024-01-01T00:00:00Z", "annotations": {"a": ""}},
            "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}]},
        })
    );
}

#[test]
fn schemas_of_custom_resources_hold_schemas_booleans_and_lists() {
    let crd = schema::find_kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap();
    let mut value = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {
        "type": "object", "additionalProperties": false, "default": null, "x-kubernetes-preserve-unknown-fields": true,
        "properties": {"a": {"additionalProperties": {"type": "string", "tyqe": 1}, "items": {"type": "string"}}},
    }}}]}});
    let complaints = super::conform(crd, &mut value).unwrap();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].ends_with(r#"additionalProperties.tyqe""#));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("spec|metadata|labels|containers|name|[a-c]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_is_serde_jsons(value in values()) {
        let text = serde_json::to_vec(&value).unwrap();
        prop_assert_eq!(super::decode_strict(&text).unwrap(), (value, Vec::new()));
    }

    /// Whatever was let through once is let through unchanged, without complaint.
    #[test]
    fn conforming_is_idempotent(value in values()) {
        let mut once = value;
        if super::conform(pod(), &mut once).is_ok() {
            let mut twice = once.clone();
            prop_assert_eq!(super::conform(pod(), &mut twice), Ok(Vec::new()));
            prop_assert_eq!(once, twice);
        }
    }
}
