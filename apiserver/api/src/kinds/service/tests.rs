//! A Service's life: defaults, allocation, changes of type.

use std::{collections::HashSet, net::Ipv4Addr};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{KIND, allocate};
use crate::{field, kind::Allocator};

fn allocator(taken: &dyn Fn(&str) -> bool) -> Allocator<'_> {
    Allocator { taken, service_network: (Ipv4Addr::new(10, 43, 0, 0), 16), node_ports: 30_000..=32_767 }
}

fn create(spec: Value, taken: &[&str]) -> Result<Value, field::Error> {
    let mut service = json!({"metadata": {"name": "web", "namespace": "default"}, "spec": spec});
    (KIND.default)(&mut service);
    (KIND.prepare_create)(&mut service);
    (KIND.allocate)(&mut service, None, &allocator(&|claim| taken.contains(&claim)))?;
    Ok(service)
}

fn update(old: &Value, change: impl Fn(&mut Value)) -> Result<Value, field::Error> {
    let mut new = old.clone();
    change(&mut new["spec"]);
    (KIND.default)(&mut new);
    (KIND.prepare_update)(&mut new, old);
    let held = allocate::claims(old);
    (KIND.allocate)(&mut new, Some(old), &allocator(&|claim| held.iter().any(|h| h == claim)))?;
    Ok(new)
}

/// pkg/apis/core/v1/defaults.go
#[test]
fn defaults() {
    let service = create(json!({"clusterIP": "10.43.1.2", "ports": [{"port": 80}]}), &[]).unwrap();
    assert_eq!(
        service["spec"],
        json!({
            "clusterIP": "10.43.1.2", "clusterIPs": ["10.43.1.2"], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "type": "ClusterIP",
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        })
    );
    assert_eq!(service["status"], json!({"loadBalancer": {}}));
}

#[test]
fn an_external_name_gets_nothing() {
    let service = create(json!({"type": "ExternalName", "externalName": "db.example.com", "ports": [{"port": 3306}]}), &[]);
    let service = service.unwrap();
    assert_eq!(allocate::claims(&service), Vec::<String>::new());
    assert_eq!(service["spec"].get("clusterIP"), None);
    assert_eq!(service["spec"].get("internalTrafficPolicy"), None);
}

/// pkg/registry/core/service/ipallocator, pkg/registry/core/service/portallocator
#[test]
fn what_was_asked_for_is_given_or_refused() {
    let port = json!([{"port": 80, "nodePort": 30080}]);
    let service = create(json!({"type": "NodePort", "clusterIP": "10.43.0.9", "ports": port}), &[]).unwrap();
    assert_eq!(allocate::claims(&service), ["ip/10.43.0.9", "port/tcp/30080"]);
    for (spec, message) in [
        (
            json!({"clusterIP": "10.43.0.9"}),
            "spec.clusterIPs: Invalid value: [\"10.43.0.9\"]: failed to allocate IP 10.43.0.9: provided IP is already allocated",
        ),
        (
            json!({"clusterIP": "10.43.0.1"}),
            "spec.clusterIPs: Invalid value: [\"10.43.0.1\"]: failed to allocate IP 10.43.0.1: provided IP is already allocated",
        ),
        (
            json!({"clusterIP": "10.44.0.1"}),
            "spec.clusterIPs: Invalid value: [\"10.44.0.1\"]: failed to allocate IP 10.44.0.1: the provided IP (10.44.0.1) is not in the valid range. The range of valid IPs is 10.43.0.0/16",
        ),
        (
            json!({"type": "NodePort", "ports": port}),
            "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
        ),
    ] {
        let error = create(spec, &["ip/10.43.0.9", "port/tcp/30080"]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_type_changes() {
    let cluster = create(json!({"ports": [{"port": 80}]}), &[]).unwrap();
    let node = update(&cluster, |spec| spec["type"] = "NodePort".into()).unwrap();
    assert_eq!(node["spec"]["clusterIP"], cluster["spec"]["clusterIP"]);
    assert_eq!(node["spec"]["externalTrafficPolicy"], "Cluster");
    assert!(node["spec"]["ports"][0]["nodePort"].as_u64().is_some_and(|port| (30_000..32_768).contains(&port)));

    let same = update(&node, |spec| {
        spec.as_object_mut().unwrap().remove("clusterIP");
        spec["ports"][0].as_object_mut().unwrap().remove("nodePort");
    });
    assert_eq!(same.unwrap(), node);

    let external = update(&node, |spec| {
        spec["type"] = "ExternalName".into();
        spec["externalName"] = "a.b".into();
    });
    let external = external.unwrap();
    assert_eq!(allocate::claims(&external), Vec::<String>::new());
    assert_eq!(external["spec"].get("clusterIPs"), None);
    assert_eq!(external["spec"].get("externalTrafficPolicy"), None);
    let back = update(&external, |spec| spec["type"] = "ClusterIP".into()).unwrap();
    assert_eq!(allocate::claims(&back).len(), 1);
}

#[test]
fn two_protocols_share_a_node_port_and_headless_has_no_address() {
    let ports = json!([{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53}]);
    let service = create(json!({"type": "NodePort", "ports": ports}), &[]).unwrap();
    assert_eq!(service["spec"]["ports"][0]["nodePort"], service["spec"]["ports"][1]["nodePort"]);
    let headless = create(json!({"clusterIP": "None"}), &[]).unwrap();
    assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));
    assert_eq!(allocate::claims(&headless), Vec::<String>::new());
}

proptest! {
    #[test]
    fn nobody_gets_what_another_holds(ports in proptest::collection::vec(1_u16..9, 1..40)) {
        let mut held = HashSet::new();
        for port in ports {
            let mut service = json!({"metadata": {}, "spec": {"type": "NodePort", "ports": [{"port": port}]}});
            (KIND.default)(&mut service);
            let small = Allocator {
                taken: &|claim| held.contains(claim),
                service_network: (Ipv4Addr::new(10, 43, 0, 0), 26),
                node_ports: 30_000..=30_050,
            };
            allocate::allocate(&mut service, None, &small).unwrap();
            let claims = allocate::claims(&service);
            prop_assert_eq!(claims.len(), 2);
            for claim in claims {
                prop_assert!(held.insert(claim));
            }
        }
    }
}
