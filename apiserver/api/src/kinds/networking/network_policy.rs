//! NetworkPolicy: who may speak to the pods it selects.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::{
        checks::label_selector,
        columns::or_none,
        default::{items, member, set_text},
        read::{at, list, text},
    },
    names,
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    short_names: &["netpol"],
    versions: &[Version::hub("networking.k8s.io", "v1", "io.k8s.api.networking.v1.NetworkPolicy")],
    columns: &[
        Column::NAME,
        Column::text("Pod-Selector", |policy| or_none(LabelSelector::of(at(policy, &["spec", "podSelector"])).to_string())),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default,
    validate,
    ..Kind::NAMESPACED
};

fn default(policy: &mut Value) {
    let spec = member(policy, "spec");
    for direction in ["ingress", "egress"] {
        for rule in items(spec, direction) {
            items(rule, "ports").for_each(|port| set_text(port, "protocol", "TCP"));
        }
    }
    if list(spec, &["policyTypes"]).is_empty() {
        let both = !list(spec, &["egress"]).is_empty();
        spec["policyTypes"] = if both { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    }
}

/// pkg/apis/networking/validation/validation.go, ValidateNetworkPolicySpec
fn validate(policy: &Value) -> Vec<Error> {
    let spec = at(policy, &["spec"]);
    let mut errors = Vec::new();
    label_selector(&mut errors, "spec.podSelector", at(spec, &["podSelector"]));
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (i, rule) in list(spec, &[direction]).iter().enumerate() {
            let path = format!("spec.{direction}[{i}]");
            for (j, port) in list(rule, &["ports"]).iter().enumerate() {
                self::port(&mut errors, &format!("{path}.ports[{j}]"), port);
            }
            for (j, peer) in list(rule, &[peers]).iter().enumerate() {
                self::peer(&mut errors, &format!("{path}.{peers}[{j}]"), peer);
            }
        }
    }
    let types = list(spec, &["policyTypes"]);
    if types.len() > 2 {
        let detail = "may not specify more than two policyTypes";
        errors.push(Error::invalid("spec.policyTypes", at(spec, &["policyTypes"]).clone(), detail));
    }
    for (i, kind) in types.iter().enumerate().filter(|(_, kind)| !matches!(kind.as_str(), Some("Ingress" | "Egress"))) {
        errors.push(Error::not_supported(format!("spec.policyTypes[{i}]"), kind.clone(), &["Egress", "Ingress"]));
    }
    errors
}

fn port(errors: &mut Vec<Error>, path: &str, port: &Value) {
    let protocol = text(port, &["protocol"]);
    if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
        errors.push(Error::not_supported(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]));
    }
    let (first, last) = (at(port, &["port"]), at(port, &["endPort"]));
    if !first.is_null() {
        crate::kinds::checks::port(errors, format!("{path}.port"), first);
    }
    match (first, last.as_i64()) {
        (_, None) => {}
        (Value::Null, Some(_)) => {
            errors.push(Error::required(format!("{path}.port"), "must be specified when `endPort` is specified"))
        }
        (Value::String(_), Some(_)) => {
            errors.push(Error::invalid(
                format!("{path}.endPort"),
                last.clone(),
                "may not be specified when `port` is non-numeric",
            ));
        }
        (first, Some(end)) => {
            if end < first.as_i64().unwrap_or_default() {
                errors.push(Error::invalid(format!("{path}.endPort"), end, "must be greater than or equal to `port`"));
            }
            errors.extend(Error::each(&format!("{path}.endPort"), end, names::port_number(end)));
        }
    }
}

fn peer(errors: &mut Vec<Error>, path: &str, peer: &Value) {
    let (pods, namespaces, block) = (at(peer, &["podSelector"]), at(peer, &["namespaceSelector"]), at(peer, &["ipBlock"]));
    if pods.is_null() && namespaces.is_null() && block.is_null() {
        errors.push(Error::required(path, "must specify a peer"));
    }
    if !(block.is_null() || pods.is_null() && namespaces.is_null()) {
        errors.push(Error::forbidden(path, "may not specify both ipBlock and another peer"));
    }
    label_selector(errors, &format!("{path}.podSelector"), pods);
    label_selector(errors, &format!("{path}.namespaceSelector"), namespaces);
    if block.is_null() {
        return;
    }
    let cidr = text(block, &["cidr"]);
    let Some((net, bits)) = parse(cidr) else {
        return match cidr {
            "" => errors.push(Error::required(format!("{path}.ipBlock.cidr"), "")),
            cidr => errors.push(Error::invalid(format!("{path}.ipBlock.cidr"), cidr, NOT_A_CIDR)),
        };
    };
    for (i, except) in list(block, &["except"]).iter().filter_map(Value::as_str).enumerate() {
        let path = format!("{path}.ipBlock.except[{i}]");
        match parse(except) {
            None => errors.push(Error::invalid(path, except, NOT_A_CIDR)),
            Some((inner, inner_bits)) if inner_bits <= bits || !contains((net, bits), inner) => {
                let detail = format!("must be a strict subset of `cidr` \"{cidr}\"");
                errors.push(Error::invalid(path, except, detail));
            }
            Some(_) => {}
        }
    }
}

pub(crate) const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// Address and prefix length.
pub(crate) fn parse(cidr: &str) -> Option<(std::net::IpAddr, u8)> {
    let (address, bits) = cidr.split_once('/')?;
    let (address, bits): (std::net::IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}

fn contains((net, bits): (std::net::IpAddr, u8), address: std::net::IpAddr) -> bool {
    use std::net::IpAddr::{V4, V6};
    match (net, address) {
        (V4(net), V4(address)) => {
            let shift = 32 - u32::from(bits);
            net.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
        }
        (V6(net), V6(address)) => {
            let shift = 128 - u32::from(bits);
            net.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}
