//! Services and slices as JSON, and what the tables must hold for them.

use api::{Draft, Revision, kinds};
use client::View as _;
use serde_json::json;

use super::*;

fn service(spec: serde_json::Value) -> ServiceView {
    let value = json!({ "metadata": { "name": "web", "namespace": "default" }, "spec": spec });
    ServiceView::of(&Draft::new(&kinds::SERVICE, value).commit(Revision(1)))
}

fn slice(endpoints: serde_json::Value) -> EndpointSliceView {
    let value = json!({
        "metadata": { "name": "web-x", "namespace": "default" }, "addressType": "IPv4",
        "ports": [{ "name": "", "port": 8080, "protocol": "TCP" }], "endpoints": endpoints
    });
    EndpointSliceView::of(&Draft::new(&kinds::ENDPOINT_SLICE, value).commit(Revision(1)))
}

fn endpoint(ip: &str, ready: bool, serving: bool, terminating: bool) -> serde_json::Value {
    json!({ "addresses": [ip], "conditions": { "ready": ready, "serving": serving, "terminating": terminating } })
}

fn texts(backends: &Backends) -> Vec<String> {
    backends.endpoints().iter().map(ToString::to_string).collect()
}

#[test]
fn ready_endpoints_stand_behind_address_and_node_port() {
    let service = service(json!({
        "type": "NodePort", "clusterIP": "10.43.0.9", "clusterIPs": ["10.43.0.9"],
        "ports": [{ "port": 80, "nodePort": 30080, "protocol": "TCP" }]
    }));
    let slices = [slice(json!([
        endpoint("10.128.0.2", true, true, false),
        endpoint("10.128.0.3", false, false, false),
        endpoint("10.128.0.4", false, true, true),
    ]))];
    let entry = entry(&service, slices.iter());
    assert_eq!(entry.addresses.len(), 1);
    assert_eq!(entry.addresses[0].0.to_string(), "10.43.0.9:80");
    assert_eq!(texts(&entry.addresses[0].1), ["10.128.0.2:8080"]);
    assert_eq!((entry.node_ports[0].0, texts(&entry.node_ports[0].1)), (30080, vec!["10.128.0.2:8080".to_owned()]));
    assert_eq!(entry.name, Name::Cluster(vec!["10.43.0.9".parse().unwrap()]));
}

#[test]
fn the_last_to_leave_serve_until_they_are_gone() {
    let service = service(json!({ "clusterIP": "10.43.0.9", "ports": [{ "port": 80 }] }));
    let slices = [slice(json!([endpoint("10.128.0.2", false, true, true), endpoint("10.128.0.3", false, false, true)]))];
    assert_eq!(texts(&entry(&service, slices.iter()).addresses[0].1), ["10.128.0.2:8080"]);
}

#[test]
fn an_external_name_has_a_name_and_nothing_else() {
    let entry = entry(
        &service(json!({ "type": "ExternalName", "externalName": "10.0.2.2", "ports": [{ "port": 3306 }] })),
        [].iter(),
    );
    assert_eq!(entry.name, Name::External("10.0.2.2".into()));
    assert!(entry.addresses.is_empty());
}

#[test]
fn a_headless_service_is_its_endpoints() {
    let service = service(json!({ "clusterIP": "None", "ports": [{ "port": 80 }] }));
    let mut named = endpoint("10.128.0.2", true, true, false);
    named["hostname"] = "db-0".into();
    let entry = entry(&service, [slice(json!([named, endpoint("10.128.0.3", true, true, false)]))].iter());
    let Name::Headless { addresses, hosts } = entry.name else { panic!("not headless") };
    assert_eq!((addresses.len(), hosts["db-0"].to_string()), (2, "10.128.0.2".to_owned()));
    assert!(entry.addresses.is_empty());
}
