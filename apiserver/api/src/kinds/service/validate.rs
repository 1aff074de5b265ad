//! Every complaint about a Service.

use serde_json::{Value, json};

use super::default::{is_external, needs_cluster_ip, needs_health_port};
use crate::{
    field::Error,
    kinds::{
        checks::{labels, named, one_of, optional, port},
        read::{at, integer, is_empty, list, text},
    },
    names,
};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
/// A day: the longest a client is sent to the same endpoint, in seconds.
const LONGEST_AFFINITY: i64 = 86_400;

pub(super) fn validate(service: &Value) -> Vec<Error> {
    let spec = at(service, &["spec"]);
    let errors = &mut Vec::new();
    let headless = is_headless(spec);
    let kind = text(spec, &["type"]);
    let ports = list(spec, &["ports"]);
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.push(Error::required("spec.ports", ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.push(Error::invalid("spec.clusterIPs[0]", "None", detail));
        }
        "ExternalName" => external_name(errors, spec),
        _ => {}
    }
    for (i, port) in ports.iter().enumerate() {
        service_port(errors, &format!("spec.ports[{i}]"), port, &ports[..i], ports.len() > 1);
    }
    labels(errors, "spec.selector", at(spec, &["selector"]));
    affinity(errors, spec);
    addresses(errors, spec);
    one_of(errors, "spec.type".into(), kind, &TYPES);
    unique_ports(errors, spec, ports);
    only_for_balancers(errors, spec);
    traffic(errors, spec);
    std::mem::take(errors)
}

pub(super) fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let (new, old) = (at(new, &["spec"]), at(old, &["spec"]));
    let mut errors = Vec::new();
    if !needs_cluster_ip(new) || !needs_cluster_ip(old) {
        return errors;
    }
    if !(is_headless(new) && is_headless(old)) {
        let (now, was) = (list(new, &["clusterIPs"]), list(old, &["clusterIPs"]));
        if now.is_empty() && !was.is_empty() {
            errors.push(Error::invalid("spec.clusterIPs[0]", Value::Null, "primary clusterIP can not be unset"));
        }
        for (i, _) in now.iter().zip(was).enumerate().filter(|(_, (now, was))| now != was) {
            errors.push(Error::invalid(format!("spec.clusterIPs[{i}]"), now.to_vec(), "may not change once set"));
        }
    }
    let (now, was) = (list(new, &["ipFamilies"]), list(old, &["ipFamilies"]));
    if is_headless(new) == is_headless(old) && !is_headless(new) && !now.is_empty() && !was.is_empty() && now[0] != was[0] {
        errors.push(Error::invalid("spec.ipFamilies[0]", now.to_vec(), "may not change once set"));
    }
    let class = |spec: &Value| at(spec, &["loadBalancerClass"]).clone();
    if new["type"] == "LoadBalancer" && old["type"] == "LoadBalancer" && class(new) != class(old) {
        errors.push(Error::invalid("spec.loadBalancerClass", class(new), "may not change once set"));
    }
    errors
}

fn is_headless(spec: &Value) -> bool {
    matches!(list(spec, &["clusterIPs"]), [only] if only == "None")
}

fn external_name(errors: &mut Vec<Error>, spec: &Value) {
    for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !is_empty(at(spec, &[name])) {
            errors.push(Error::forbidden(format!("spec.{name}"), "may not be set for ExternalName services"));
        }
    }
    let name = text(spec, &["externalName"]);
    named(errors, "spec.externalName".into(), name.strip_suffix('.').unwrap_or(name), names::dns_subdomain);
}

fn service_port(errors: &mut Vec<Error>, path: &str, this: &Value, before: &[Value], several: bool) {
    let name = text(this, &["name"]);
    if several {
        named(errors, format!("{path}.name"), name, names::dns_label);
    } else {
        optional(errors, format!("{path}.name"), name, names::dns_label);
    }
    if !name.is_empty() && before.iter().any(|other| other["name"] == name) {
        errors.push(Error::duplicate(format!("{path}.name"), name));
    }
    let number = integer(this, &["port"]);
    errors.extend(Error::each(&format!("{path}.port"), number, names::port_number(number)));
    one_of(errors, format!("{path}.protocol"), text(this, &["protocol"]), &["SCTP", "TCP", "UDP"]);
    port(errors, format!("{path}.targetPort"), at(this, &["targetPort"]));
    optional(errors, format!("{path}.appProtocol"), text(this, &["appProtocol"]), names::qualified);
}

fn affinity(errors: &mut Vec<Error>, spec: &Value) {
    let affinity = text(spec, &["sessionAffinity"]);
    one_of(errors, "spec.sessionAffinity".into(), affinity, &["ClientIP", "None"]);
    let seconds = at(spec, &["sessionAffinityConfig", "clientIP", "timeoutSeconds"]).as_i64();
    if let Some(seconds) = seconds.filter(|s| affinity == "ClientIP" && !(1..=LONGEST_AFFINITY).contains(s)) {
        let detail = format!("must be greater than 0 and less than {LONGEST_AFFINITY}");
        errors.push(Error::invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, detail));
    }
}

fn addresses(errors: &mut Vec<Error>, spec: &Value) {
    for (i, family) in list(spec, &["ipFamilies"]).iter().enumerate() {
        one_of(errors, format!("spec.ipFamilies[{i}]"), family.as_str().unwrap_or_default(), &["IPv4", "IPv6"]);
    }
    let policy = text(spec, &["ipFamilyPolicy"]);
    if !policy.is_empty() {
        let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        one_of(errors, "spec.ipFamilyPolicy".into(), policy, &policies);
    }
    let (first, all) = (text(spec, &["clusterIP"]), list(spec, &["clusterIPs"]));
    if all.first().is_some_and(|ip| *ip != first) {
        errors.push(Error::invalid("spec.clusterIPs", all.to_vec(), "first value must match `clusterIP`"));
    }
    if all.len() > 2 {
        errors.push(Error::invalid("spec.clusterIPs", all.to_vec(), "may only hold up to 2 values"));
    }
    for (i, ip) in all.iter().filter_map(Value::as_str).enumerate() {
        let path = format!("spec.clusterIPs[{i}]");
        if ip != "None" {
            errors.extend(Error::each(&path, ip, names::ip(ip)));
        } else if all.len() > 1 {
            errors.push(Error::invalid(path, ip, "'None' must be the first and only value"));
        }
    }
    for (i, ip) in list(spec, &["externalIPs"]).iter().filter_map(Value::as_str).enumerate() {
        errors.extend(Error::each(&format!("spec.externalIPs[{i}]"), ip, names::ip(ip)));
    }
}

fn unique_ports(errors: &mut Vec<Error>, spec: &Value, ports: &[Value]) {
    for (i, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{i}]");
        let same =
            |name: &str| ports[..i].iter().any(|other| other[name] == port[name] && other["protocol"] == port["protocol"]);
        let node_port = integer(port, &["nodePort"]);
        if node_port != 0 {
            if spec["type"] == "ClusterIP" {
                let detail = "may not be used when `type` is 'ClusterIP'";
                errors.push(Error::forbidden(format!("{path}.nodePort"), detail));
            }
            if same("nodePort") {
                errors.push(Error::duplicate(format!("{path}.nodePort"), node_port));
            }
        }
        if same("port") {
            let key = json!({"protocol": port["protocol"], "port": port["port"]});
            errors.push(Error::duplicate(path, key));
        }
    }
}

fn only_for_balancers(errors: &mut Vec<Error>, spec: &Value) {
    const DETAIL: &str = "may only be used when `type` is 'LoadBalancer'";
    if spec["type"] == "LoadBalancer" {
        let class = text(spec, &["loadBalancerClass"]);
        return optional(errors, "spec.loadBalancerClass".into(), class, names::qualified);
    }
    if !list(spec, &["loadBalancerSourceRanges"]).is_empty() {
        errors.push(Error::forbidden("spec.LoadBalancerSourceRanges", DETAIL));
    }
    for name in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
        if !at(spec, &[name]).is_null() {
            errors.push(Error::forbidden(format!("spec.{name}"), DETAIL));
        }
    }
}

fn traffic(errors: &mut Vec<Error>, spec: &Value) {
    let external = text(spec, &["externalTrafficPolicy"]);
    if is_external(spec) {
        one_of(errors, "spec.externalTrafficPolicy".into(), external, &["Cluster", "Local"]);
    } else if !external.is_empty() {
        let detail = "may only be set for externally-accessible services";
        errors.push(Error::invalid("spec.externalTrafficPolicy", external, detail));
    }
    let health = integer(spec, &["healthCheckNodePort"]);
    if health != 0 && !needs_health_port(spec) {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.push(Error::invalid("spec.healthCheckNodePort", health, detail));
    }
    let internal = text(spec, &["internalTrafficPolicy"]);
    if !internal.is_empty() {
        one_of(errors, "spec.internalTrafficPolicy".into(), internal, &["Cluster", "Local"]);
    }
    let distribution = text(spec, &["trafficDistribution"]);
    if !distribution.is_empty() {
        let supported = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        one_of(errors, "spec.trafficDistribution".into(), distribution, &supported);
    }
}
