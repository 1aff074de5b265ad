//! Objects that are wrong, and what upstream says of them: each table names the file that its rows follow. An object is
//! prepared as the server does before it is judged.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    schema::{self, sample::Choices},
    selector::{FieldSelector, LabelSelector},
};

mod columns;
mod pods;
mod services;
mod workloads;

/// Complaints about a new object.
fn complaints(kind: &Kind, mut object: Value) -> Vec<String> {
    (kind.default)(&mut object);
    (kind.prepare_create)(&mut object);
    (kind.validate)(&object).iter().map(ToString::to_string).collect()
}

/// Complaints about a change, made by merging `change` into the whole of `old`.
fn update_complaints(kind: &Kind, mut old: Value, change: &Value) -> Vec<String> {
    (kind.default)(&mut old);
    (kind.prepare_create)(&mut old);
    let mut new = old.clone();
    json_patch::merge(&mut new, change);
    (kind.default)(&mut new);
    (kind.prepare_update)(&mut new, &old);
    let errors = (kind.validate)(&new).into_iter().chain((kind.validate_update)(&new, &old));
    errors.map(|error| error.to_string()).collect()
}

#[track_caller]
fn check(kind: &Kind, object: Value, expected: &[&str]) {
    assert_eq!(complaints(kind, object.clone()), expected, "{object}");
}

#[test]
fn every_row_is_found_by_its_names() {
    for kind in ALL {
        for version in kind.versions {
            let by_plural = find(version.group, version.version, kind.plural).expect("a row is found by its plural");
            let by_kind = by_kind(version.group, version.version, kind.kind).expect("a row is found by its kind");
            assert_eq!((by_plural.kind, by_kind.plural), (kind.kind, kind.plural));
        }
        assert!(kind.columns.iter().any(|column| column.format == "name"), "{kind:?} shows its name");
    }
    assert_eq!(find("extensions", "v1beta1", "deployments").map(|kind| kind.kind), Some("Deployment"));
}

proptest! {
    /// Whatever the schema allows: hooks do not fall over, defaults are a fixed point, and an update that changes nothing
    /// is never refused for changing something.
    #[test]
    fn laws_of_all_kinds(seed: u64, depth in 0_u32..7) {
        for kind in ALL {
            let schema = schema::find(kind.hub().schema).expect("the hub's schema is in the table");
            let mut object = schema::sample::value(schema, depth, &mut Choices::new(seed));
            (kind.default)(&mut object);
            (kind.prepare_create)(&mut object);
            let mut again = object.clone();
            (kind.default)(&mut again);
            prop_assert_eq!(&object, &again, "{:?}", kind);
            (kind.prepare_update)(&mut again, &object);
            prop_assert_eq!(&object["spec"], &again["spec"], "{:?}", kind);
            prop_assert_eq!((kind.validate_update)(&again, &object), [], "{:?}", kind);
            let _ = (metadata::validate(kind, &object), (kind.validate)(&object), (kind.warnings)(&object));
            let _ = ((kind.validate_status)(&object, &again), (kind.claims)(&object), (kind.name)("a"));
            kind.fields.iter().for_each(|field| drop((field.value)(&object)));
            kind.columns.iter().for_each(|column| drop((column.cell)(&object)));
        }
    }

    /// What another version says of an object says it all.
    #[test]
    fn versions_lose_nothing(seed: u64, depth in 0_u32..5) {
        for kind in ALL {
            let schema = schema::find(kind.hub().schema).expect("the hub's schema is in the table");
            let mut object = schema::sample::value(schema, depth, &mut Choices::new(seed));
            // the retired Deployment makes up a selector and labels
            if let Some(spec) = object.get_mut("spec").filter(|spec| spec.get("template").is_some()) {
                spec["selector"] = json!({"matchLabels": {"a": "b"}});
                object["metadata"] = json!({"labels": {"a": "b"}});
            }
            (kind.default)(&mut object);
            for version in kind.versions {
                let mut other = object.clone();
                (version.from_hub)(&mut other);
                (version.to_hub)(&mut other);
                (kind.default)(&mut other);
                prop_assert_eq!(&object, &other, "{:?} as {}", kind, version.api_version());
            }
        }
    }
}

/// What is stored is defaulted again when it is read and written back: nothing may change.
#[test]
fn defaults_are_idempotent_and_survive_emptiness() {
    for kind in ALL {
        let samples = [json!({"metadata": {"name": "a"}}), json!({"metadata": null, "spec": null, "status": null})];
        for sample in samples {
            let mut once = sample;
            (kind.default)(&mut once);
            (kind.prepare_create)(&mut once);
            let mut twice = once.clone();
            (kind.default)(&mut twice);
            assert_eq!(once, twice, "{kind:?}");
            // hooks and cells must not fall over what is missing
            let _ = (complaints(kind, once.clone()), update_complaints(kind, once.clone(), &json!({})));
            let _ = (kind.validate_status)(&once, &twice);
            let _ = crate::object::Meta::of(kind, &once);
            kind.columns.iter().for_each(|column| drop((column.cell)(&once)));
        }
    }
}

/// pkg/apis/core/validation/validation.go; pkg/apis/coordination/validation/validation.go;
/// pkg/apis/discovery/validation/validation.go; pkg/apis/core/validation/events.go
#[test]
fn small_kinds() {
    check(
        &CONFIG_MAP,
        json!({"data": {"a b": "c"}}),
        &[
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ],
    );
    check(
        &CONFIG_MAP,
        json!({"data": {"a": "b"}, "binaryData": {"a": "Yg=="}}),
        &["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"],
    );
    check(&SECRET, json!({"type": "kubernetes.io/tls", "stringData": {"tls.crt": "x"}}), &["data[tls.key]: Required value"]);
    check(
        &LEASE,
        json!({"spec": {"leaseDurationSeconds": 0}}),
        &["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
    );
    check(
        &ENDPOINT_SLICE,
        json!({"addressType": "IPv5", "endpoints": [{"addresses": []}]}),
        &[
            "addressType: Unsupported value: \"IPv5\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"",
            "endpoints[0].addresses: Required value: must contain at least 1 address",
        ],
    );
    check(
        &ENDPOINTS,
        json!({"subsets": [{}]}),
        &["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
    );
    check(
        &EVENT,
        json!({"metadata": {"namespace": "a"}, "involvedObject": {"namespace": "b"}}),
        &["involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"],
    );
    check(
        &EVENT,
        json!({"metadata": {"namespace": "a"}, "eventTime": "2026-01-01T00:00:00.000000Z", "involvedObject": {"namespace": "a"},
            "reportingComponent": "c", "reportingInstance": "i", "reason": "r"}),
        &["action: Required value"],
    );
    check(
        &NODE,
        json!({"spec": {"taints": [{"key": "a", "effect": "Never"}]}}),
        &[
            "metadata.taints[0].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"",
        ],
    );
}

/// pkg/apis/core/validation/validation.go
#[test]
fn small_kinds_change() {
    let immutable = "field is immutable when `immutable` is set";
    let config = json!({"immutable": true, "data": {"a": "b"}});
    assert_eq!(
        update_complaints(&CONFIG_MAP, config, &json!({"immutable": false, "data": {"a": "c"}})),
        [format!("immutable: Forbidden: {immutable}"), format!("data: Forbidden: {immutable}")]
    );
    assert_eq!(
        update_complaints(&SECRET, json!({}), &json!({"type": "other"})),
        ["type: Invalid value: \"other\": field is immutable"]
    );
    assert_eq!(
        update_complaints(&NODE, json!({"spec": {"podCIDRs": ["10.0.0.0/24"]}}), &json!({"spec": {"podCIDRs": null}})),
        ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"]
    );
}

#[test]
fn a_namespace_is_labelled_and_kept_by_its_finalizer() {
    let mut namespace = json!({"metadata": {"name": "a"}, "status": {"phase": "Terminating"}});
    (NAMESPACE.default)(&mut namespace);
    (NAMESPACE.prepare_create)(&mut namespace);
    assert_eq!(
        namespace,
        json!({
            "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a"}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        })
    );
    let mut update = json!({"metadata": {"name": "a"}, "spec": {"finalizers": []}});
    (NAMESPACE.prepare_update)(&mut update, &namespace);
    assert_eq!((&update["spec"], &update["status"]), (&namespace["spec"], &namespace["status"]));
}

#[test]
fn plain_text_becomes_data() {
    let mut secret = json!({"data": {"a": "YQ==", "b": "Yg=="}, "stringData": {"b": "c"}});
    (SECRET.default)(&mut secret);
    assert_eq!(secret, json!({"type": "Opaque", "data": {"a": "YQ==", "b": "Yw=="}}));
}

#[test]
fn selectable_fields_follow_the_object() {
    let event = json!({"metadata": {"name": "e"}, "source": {"component": "kubelet"}, "involvedObject": {"kind": "Pod"}});
    let meta = crate::object::Meta::of(&EVENT, &event);
    let selector = FieldSelector::parse("source=kubelet,involvedObject.kind=Pod,type!=Warning").unwrap();
    assert!(selector.matches(&EVENT, &meta));
    let node = crate::object::Meta::of(&NODE, &json!({"metadata": {"name": "n"}}));
    assert!(FieldSelector::parse("spec.unschedulable=false").unwrap().matches(&NODE, &node));
    assert!(LabelSelector::parse("").unwrap().matches(&node.labels));
}
