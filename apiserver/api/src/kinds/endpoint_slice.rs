//! EndpointSlice: some of the addresses behind a Service.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::{
        checks::{immutable, one_of, optional},
        columns::{or, some},
        default::{items, set, set_text},
        read::{at, list, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "EndpointSlice",
    plural: "endpointslices",
    versions: &[Version::hub("discovery.k8s.io", "v1", "io.k8s.api.discovery.v1.EndpointSlice")],
    columns: &[
        Column::NAME,
        Column::text("AddressType", |slice| text(slice, &["addressType"]).into()),
        Column::text("Ports", ports),
        Column::text("Endpoints", addresses),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default,
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        immutable(&mut errors, "addressType", at(new, &["addressType"]), at(old, &["addressType"]));
        errors
    },
    ..Kind::NAMESPACED
};

fn ports(slice: &Value) -> Value {
    let show = |port: &Value| match (port["port"].as_i64(), text(port, &["name"])) {
        (Some(number), _) => number.to_string(),
        (None, "") => "*".to_owned(),
        (None, name) => name.to_owned(),
    };
    let all: Vec<String> = list(slice, &["ports"]).iter().map(show).collect();
    or(some(&all), "<unset>")
}

fn addresses(slice: &Value) -> Value {
    let endpoints = list(slice, &["endpoints"]).iter();
    let addresses = endpoints.flat_map(|endpoint| list(endpoint, &["addresses"])).filter_map(Value::as_str);
    let all: Vec<String> = addresses.map(str::to_owned).collect();
    or(some(&all), "<unset>")
}

fn default(slice: &mut Value) {
    for port in items(slice, "ports") {
        set(port, "name", "");
        set_text(port, "protocol", "TCP");
    }
}

const MOST_ENDPOINTS: usize = 1000;
const MOST_PORTS: usize = 20_000;
const MOST_ADDRESSES: usize = 100;

fn validate(slice: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let kind = text(slice, &["addressType"]);
    one_of(&mut errors, "addressType".into(), kind, &["FQDN", "IPv4", "IPv6"]);
    let endpoints = list(slice, &["endpoints"]);
    if endpoints.len() > MOST_ENDPOINTS {
        errors.push(Error::too_many("endpoints", endpoints.len(), MOST_ENDPOINTS));
        return errors;
    }
    for (i, endpoint) in endpoints.iter().enumerate() {
        validate_addresses(&mut errors, &format!("endpoints[{i}].addresses"), kind, list(endpoint, &["addresses"]));
        let host = text(endpoint, &["hostname"]);
        optional(&mut errors, format!("endpoints[{i}].hostname"), host, names::dns_label);
    }
    let ports = list(slice, &["ports"]);
    if ports.len() > MOST_PORTS {
        errors.push(Error::too_many("ports", ports.len(), MOST_PORTS));
        return errors;
    }
    for (i, port) in ports.iter().enumerate() {
        let name = text(port, &["name"]);
        optional(&mut errors, format!("ports[{i}].name"), name, names::dns_label);
        if ports[..i].iter().any(|other| other["name"] == name) {
            errors.push(Error::duplicate(format!("ports[{i}].name"), name));
        }
        one_of(&mut errors, format!("ports[{i}].protocol"), text(port, &["protocol"]), &["SCTP", "TCP", "UDP"]);
    }
    errors
}

fn validate_addresses(errors: &mut Vec<Error>, path: &str, kind: &str, addresses: &[Value]) {
    if addresses.is_empty() {
        errors.push(Error::required(path, "must contain at least 1 address"));
    } else if addresses.len() > MOST_ADDRESSES {
        errors.push(Error::too_many(path, addresses.len(), MOST_ADDRESSES));
    }
    for (i, address) in addresses.iter().filter_map(Value::as_str).enumerate() {
        let path = format!("{path}[{i}]");
        let complaint = match (kind, address.parse::<std::net::IpAddr>()) {
            ("IPv4", Ok(ip)) if !ip.is_ipv4() => Some("must be an IPv4 address"),
            ("IPv6", Ok(ip)) if !ip.is_ipv6() => Some("must be an IPv6 address"),
            ("IPv4" | "IPv6", Err(_)) => Some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
            ("FQDN", _) => {
                errors.extend(Error::each(&path, address, names::dns_subdomain(address)));
                None
            }
            _ => None,
        };
        errors.extend(complaint.map(|complaint| Error::invalid(path, address, complaint)));
    }
}
