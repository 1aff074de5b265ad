//! Every complaint about the spec of a pod, in upstream's order.

use serde_json::Value;

use super::{container, placement, volume};
use crate::{
    field::Error,
    kinds::{
        checks::{labels, named, one_of, optional},
        read::{at, list, text},
    },
    names,
};

/// `path` is where the spec is: `spec` in a Pod, `spec.template.spec` elsewhere.
pub(crate) fn validate(errors: &mut Vec<Error>, path: &str, spec: &Value) {
    let volumes = volume::validate(errors, &format!("{path}.volumes"), list(spec, &["volumes"]));
    container::validate(errors, path, spec, &volumes);
    host_network(errors, path, spec);
    let restart = text(spec, &["restartPolicy"]);
    one_of(errors, format!("{path}.restartPolicy"), restart, &["Always", "OnFailure", "Never"]);
    let dns = text(spec, &["dnsPolicy"]);
    one_of(errors, format!("{path}.dnsPolicy"), dns, &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    ids(errors, &format!("{path}.securityContext"), at(spec, &["securityContext"]));
    dns_config(errors, path, spec);
    gates(errors, path, spec);
    let constraints = list(spec, &["topologySpreadConstraints"]);
    placement::spread(errors, &format!("{path}.topologySpreadConstraints"), constraints);
    labels(errors, &format!("{path}.nodeSelector"), at(spec, &["nodeSelector"]));
    placement::affinity(errors, &format!("{path}.affinity"), at(spec, &["affinity"]));
    let account = text(spec, &["serviceAccountName"]);
    optional(errors, format!("{path}.serviceAccountName"), account, names::dns_subdomain);
    optional(errors, format!("{path}.nodeName"), text(spec, &["nodeName"]), names::dns_subdomain);
    if let Some(seconds) = at(spec, &["activeDeadlineSeconds"]).as_i64().filter(|s| !(1..=i64::from(i32::MAX)).contains(s)) {
        let detail = "must be between 1 and 2147483647, inclusive";
        errors.push(Error::invalid(format!("{path}.activeDeadlineSeconds"), seconds, detail));
    }
    optional(errors, format!("{path}.hostname"), text(spec, &["hostname"]), names::dns_label);
    optional(errors, format!("{path}.subdomain"), text(spec, &["subdomain"]), names::dns_label);
    placement::tolerations(errors, &format!("{path}.tolerations"), list(spec, &["tolerations"]));
    for (i, alias) in list(spec, &["hostAliases"]).iter().enumerate() {
        let ip = text(alias, &["ip"]);
        errors.extend(Error::each(&format!("{path}.hostAliases[{i}].ip"), ip, names::ip(ip)));
        for (j, name) in list(alias, &["hostnames"]).iter().filter_map(Value::as_str).enumerate() {
            let path = format!("{path}.hostAliases[{i}].hostnames[{j}]");
            errors.extend(Error::each(&path, name, names::dns_subdomain(name)));
        }
    }
    for name in ["priorityClassName", "runtimeClassName"] {
        optional(errors, format!("{path}.{name}"), text(spec, &[name]), names::dns_subdomain);
    }
}

/// On the node's own network a port is the same outside and inside.
fn host_network(errors: &mut Vec<Error>, path: &str, spec: &Value) {
    if at(spec, &["hostNetwork"]) != true {
        return;
    }
    for (i, container) in list(spec, &["containers"]).iter().enumerate() {
        for (j, port) in list(container, &["ports"]).iter().enumerate() {
            let (host, inner) = (at(port, &["hostPort"]).as_i64(), at(port, &["containerPort"]).as_i64());
            if host.is_some_and(|host| host != 0 && Some(host) != inner) {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                let path = format!("{path}.containers[{i}].ports[{j}].hostPort");
                errors.push(Error::invalid(path, at(port, &["hostPort"]).clone(), detail));
            }
        }
    }
}

/// Users and groups are 32-bit.
pub(super) fn ids(errors: &mut Vec<Error>, path: &str, context: &Value) {
    let check = |path: String, id: &Value| {
        let id = id.as_i64().filter(|id| !(0..=i64::from(i32::MAX)).contains(id))?;
        Some(Error::invalid(path, id, "must be between 0 and 2147483647, inclusive"))
    };
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        errors.extend(check(format!("{path}.{name}"), at(context, &[name])));
    }
    for (i, id) in list(context, &["supplementalGroups"]).iter().enumerate() {
        errors.extend(check(format!("{path}.supplementalGroups[{i}]"), id));
    }
}

fn dns_config(errors: &mut Vec<Error>, path: &str, spec: &Value) {
    let (path, config) = (format!("{path}.dnsConfig"), at(spec, &["dnsConfig"]));
    let servers = list(config, &["nameservers"]);
    if text(spec, &["dnsPolicy"]) == "None" {
        if config.is_null() {
            return errors.push(Error::required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return errors.push(Error::required(format!("{path}.nameservers"), detail));
        }
    }
    if servers.len() > 3 {
        let detail = "must not have more than 3 nameservers";
        errors.push(Error::invalid(format!("{path}.nameservers"), servers.to_vec(), detail));
    }
    for (i, server) in servers.iter().filter_map(Value::as_str).enumerate() {
        errors.extend(Error::each(&format!("{path}.nameservers[{i}]"), server, names::ip(server)));
    }
    let searches = list(config, &["searches"]);
    if searches.len() > 32 {
        let detail = "must not have more than 32 search paths";
        errors.push(Error::invalid(format!("{path}.searches"), searches.to_vec(), detail));
    }
    for (i, option) in list(config, &["options"]).iter().enumerate() {
        if text(option, &["name"]).is_empty() {
            errors.push(Error::required(format!("{path}.options[{i}]"), "must not be empty"));
        }
    }
}

fn gates(errors: &mut Vec<Error>, path: &str, spec: &Value) {
    for (i, gate) in list(spec, &["readinessGates"]).iter().enumerate() {
        let name = text(gate, &["conditionType"]);
        let path = format!("{path}.readinessGates[{i}].conditionType");
        errors.extend(Error::each(&path, name, names::qualified(name)));
    }
    let gates = list(spec, &["schedulingGates"]);
    for (i, gate) in gates.iter().enumerate() {
        let (path, name) = (format!("{path}.schedulingGates[{i}]"), text(gate, &["name"]));
        errors.extend(Error::each(&path, name, names::qualified(name)));
        if gates[..i].iter().any(|earlier| earlier["name"] == gate["name"]) {
            errors.push(Error::duplicate(path, name));
        }
    }
}

/// A container's or volume's name.
pub(super) fn label_name(errors: &mut Vec<Error>, path: String, object: &Value) {
    named(errors, path, text(object, &["name"]), names::dns_label);
}
