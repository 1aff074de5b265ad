//! Examples and laws of the env.

use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn pod() -> Pod {
    serde_json::from_value(json!({ "metadata": { "name": "p", "namespace": "ns" }, "spec": { "containers": [] } })).unwrap()
}

fn env(container: Value, services: &[ServiceAddress]) -> Result<BTreeMap<String, String>, String> {
    let container: Container = serde_json::from_value(container).unwrap();
    let mut sources = Sources::default();
    let map = json!({ "metadata": { "name": "m" }, "data": { "k": "v", "OWN": "from the map" } });
    sources.config_maps.insert("m".into(), serde_json::from_value(map).unwrap());
    let secret = json!({ "metadata": { "name": "s" }, "data": { "password": "c2VjcmV0" } });
    sources.secrets.insert("s".into(), serde_json::from_value(secret).unwrap());
    let facts = Facts { pod_ip: None, host_ip: IpAddr::from([127, 0, 0, 1]), allocatable: BTreeMap::new() };
    environment(&pod(), &container, &sources, services, &facts).map(|all| all.into_iter().collect())
}

#[test]
fn variables_come_from_everywhere() {
    let all = env(
        json!({ "name": "c",
            "envFrom": [{ "prefix": "M_", "configMapRef": { "name": "m" } }, { "configMapRef": { "name": "none", "optional": true } }],
            "env": [
                { "name": "A", "value": "1" }, { "name": "B", "value": "$(A)-$(LATER)-$$(A)" }, { "name": "LATER", "value": "x" },
                { "name": "M_OWN", "value": "mine" },
                { "name": "NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
                { "name": "KEY", "valueFrom": { "configMapKeyRef": { "name": "m", "key": "k" } } },
                { "name": "GONE", "valueFrom": { "configMapKeyRef": { "name": "m", "key": "zz", "optional": true } } },
                { "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "s", "key": "password" } } }
            ]
        }),
        &[],
    )
    .unwrap();
    let expected = [
        ("A", "1"),
        ("B", "1-$(LATER)-$(A)"),
        ("KEY", "v"),
        ("LATER", "x"),
        ("M_OWN", "mine"),
        ("M_k", "v"),
        ("NAME", "p"),
        ("PASSWORD", "secret"),
    ];
    assert_eq!(all, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect());
}

#[test]
fn what_is_missing_is_named() {
    let from = |value: Value| env(json!({ "name": "c", "env": [{ "name": "A", "valueFrom": value }] }), &[]).unwrap_err();
    assert_eq!(from(json!({ "configMapKeyRef": { "name": "x", "key": "k" } })), "configmap \"x\" not found");
    assert_eq!(from(json!({ "secretKeyRef": { "name": "s", "key": "k" } })), "couldn't find key k in Secret ns/s");
    let all = env(json!({ "name": "c", "envFrom": [{ "secretRef": { "name": "x" } }] }), &[]);
    assert_eq!(all.unwrap_err(), "secret \"x\" not found");
}

#[test]
fn services_are_told_and_do_not_hide_the_users_own() {
    let service =
        ServiceAddress { name: "my-db".into(), ip: "10.43.0.9".into(), ports: vec![("sql".into(), "TCP".into(), 3306)] };
    let own = json!({ "name": "c", "env": [{ "name": "MY_DB_PORT", "value": "own" }, { "name": "H", "value": "$(MY_DB_SERVICE_HOST)" }] });
    let all = env(own, &[service]).unwrap();
    for (name, expected) in [
        ("MY_DB_SERVICE_HOST", "10.43.0.9"),
        ("MY_DB_SERVICE_PORT_SQL", "3306"),
        ("MY_DB_PORT_3306_TCP", "tcp://10.43.0.9:3306"),
        ("MY_DB_PORT_3306_TCP_ADDR", "10.43.0.9"),
        ("MY_DB_PORT", "own"),
        ("H", "10.43.0.9"),
    ] {
        assert_eq!(all.get(name).map(String::as_str), Some(expected), "{name}");
    }
}

proptest! {
    #[test]
    fn without_known_names_only_double_dollars_shrink(input in "[a$()]{0,16}") {
        let expanded = expand(&input, |_| None);
        prop_assert!(expanded.len() <= input.len());
        if !input.contains("$$") {
            prop_assert_eq!(expanded, input);
        }
    }
}
