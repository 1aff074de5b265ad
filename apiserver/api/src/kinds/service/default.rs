//! What a Service says when the user does not, and what a change of type takes back.

use serde_json::{Value, json};

use crate::kinds::{
    default::{items, member, set, set_text},
    read::{at, is_empty, list, text},
    status,
};

pub(super) fn apply(service: &mut Value) {
    let spec = member(service, "spec");
    set_text(spec, "type", "ClusterIP");
    set_text(spec, "sessionAffinity", "None");
    if spec["sessionAffinity"] == "ClientIP" {
        set(member(member(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds", 10_800);
    } else if let Some(members) = spec.as_object_mut() {
        members.remove("sessionAffinityConfig");
    }
    for port in items(spec, "ports") {
        set_text(port, "protocol", "TCP");
        if port.get("targetPort").is_none_or(|target| is_empty(target) || *target == 0) {
            port["targetPort"] = port["port"].clone();
        }
    }
    if is_external(spec) {
        set_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if needs_cluster_ip(spec) {
        set_text(spec, "internalTrafficPolicy", "Cluster");
    }
    if spec["type"] == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true);
    }
}

pub(super) fn prepare_create(service: &mut Value) {
    status::reset(service, json!({"loadBalancer": {}}));
    let spec = member(service, "spec");
    let ip = text(spec, &["clusterIP"]).to_owned();
    if !ip.is_empty() && list(spec, &["clusterIPs"]).is_empty() {
        spec["clusterIPs"] = json!([ip]);
    }
}

/// Carries over what was given out, and drops what belongs to a type the Service no longer has.
pub(super) fn prepare_update(new: &mut Value, old: &Value) {
    status::keep(new, old);
    let (new, old) = (member(new, "spec"), &old["spec"]);
    carry_over(new, old);
    follow_cluster_ip(new, old);
    drop_unneeded(new, old);
}

pub(super) fn is_external(spec: &Value) -> bool {
    match text(spec, &["type"]) {
        "NodePort" | "LoadBalancer" => true,
        "ClusterIP" => !list(spec, &["externalIPs"]).is_empty(),
        _ => false,
    }
}

pub(super) fn needs_cluster_ip(spec: &Value) -> bool {
    matches!(text(spec, &["type"]), "ClusterIP" | "NodePort" | "LoadBalancer")
}

pub(super) fn needs_node_port(spec: &Value) -> bool {
    match text(spec, &["type"]) {
        "NodePort" => true,
        "LoadBalancer" => at(spec, &["allocateLoadBalancerNodePorts"]) != false,
        _ => false,
    }
}

pub(super) fn needs_health_port(spec: &Value) -> bool {
    text(spec, &["type"]) == "LoadBalancer" && text(spec, &["externalTrafficPolicy"]) == "Local"
}

/// A user who leaves out what the server gave keeps it.
fn carry_over(new: &mut Value, old: &Value) {
    if needs_cluster_ip(new) && needs_cluster_ip(old) {
        let address = old["clusterIP"].as_str().unwrap_or_default();
        if !address.is_empty() {
            set_text(new, "clusterIP", address);
        }
        if list(new, &["clusterIPs"]).is_empty() && !address.is_empty() && new["clusterIP"] == address {
            new["clusterIPs"] = old["clusterIPs"].clone();
        }
    }
    if needs_node_port(new) && needs_node_port(old) {
        let said: Vec<Value> = list(new, &["ports"]).iter().map(|port| port["nodePort"].clone()).collect();
        for port in items(new, "ports") {
            let same = |was: &&Value| was["port"] == port["port"] && was["protocol"] == port["protocol"];
            let was = list(old, &["ports"]).iter().find(same).map(|was| was["nodePort"].clone());
            if let Some(was) = was.filter(|was| unset(&port["nodePort"]) && !unset(was) && !said.contains(was)) {
                port["nodePort"] = was;
            }
        }
    }
    let health = at(old, &["healthCheckNodePort"]);
    if needs_health_port(new) && !unset(health) && unset(at(new, &["healthCheckNodePort"])) {
        new["healthCheckNodePort"] = health.clone();
    }
}

/// `clusterIPs` follows a `clusterIP` that was changed alone.
fn follow_cluster_ip(new: &mut Value, old: &Value) {
    let changed = |name: &str| at(new, &[name]) != at(old, &[name]);
    if !changed("clusterIP") || changed("clusterIPs") {
        return;
    }
    let address = text(new, &["clusterIP"]).to_owned();
    if address.is_empty() {
        remove(new, &["clusterIPs"]);
    } else if let Some(first) = new.pointer_mut("/clusterIPs/0") {
        *first = address.into();
    }
}

/// What the user did not touch goes with the type that needed it.
fn drop_unneeded(new: &mut Value, old: &Value) {
    let same = |new: &Value, name: &str| at(new, &[name]) == at(old, &[name]);
    if needs_cluster_ip(old) && !needs_cluster_ip(new) {
        if same(new, "clusterIP") && same(new, "clusterIPs") {
            remove(new, &["clusterIP", "clusterIPs"]);
        }
        for name in ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            if same(new, name) {
                remove(new, &[name]);
            }
        }
    }
    if needs_node_port(old) && !needs_node_port(new) {
        let ports = |spec: &Value| list(spec, &["ports"]).iter().map(|port| port["nodePort"].clone()).collect::<Vec<_>>();
        if ports(new) == ports(old) {
            items(new, "ports").for_each(|port| remove(port, &["nodePort"]));
        }
    }
    if needs_health_port(old) && !needs_health_port(new) && same(new, "healthCheckNodePort") {
        remove(new, &["healthCheckNodePort"]);
    }
    if text(old, &["type"]) == "LoadBalancer" && text(new, &["type"]) != "LoadBalancer" {
        for name in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if same(new, name) {
                remove(new, &[name]);
            }
        }
    }
    if is_external(old) && !is_external(new) && same(new, "externalTrafficPolicy") {
        remove(new, &["externalTrafficPolicy"]);
    }
}

pub(super) fn unset(number: &Value) -> bool {
    number.is_null() || *number == 0
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        for name in names {
            members.remove(*name);
        }
    }
}
