//! Endpoints: the addresses behind a Service, in the old form.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::{named, one_of, optional},
        columns::{or_none, some},
        default::{items, set_text},
        read::{integer, list, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    short_names: &["ep"],
    versions: &[Version {
        deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        ..Version::hub("", "v1", "io.k8s.api.core.v1.Endpoints")
    }],
    columns: &[Column::NAME, Column::text("Endpoints", ready), Column::AGE],
    default,
    validate,
    put_creates: true,
    ..Kind::NAMESPACED
};

/// Every address with every port of its subset.
fn ready(endpoints: &Value) -> Value {
    let mut all = Vec::new();
    for subset in list(endpoints, &["subsets"]) {
        let addresses = || list(subset, &["addresses"]).iter().map(|address| text(address, &["ip"]));
        let ports = list(subset, &["ports"]);
        for port in ports {
            all.extend(addresses().map(|ip| join(ip, integer(port, &["port"]))));
        }
        if ports.is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
    }
    or_none(some(&all))
}

/// Address and port, an IPv6 address in brackets.
fn join(ip: &str, port: i64) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
        _ => format!("{ip}:{port}"),
    }
}

fn default(endpoints: &mut Value) {
    for subset in items(endpoints, "subsets") {
        items(subset, "ports").for_each(|port| set_text(port, "protocol", "TCP"));
    }
}

fn validate(endpoints: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    for (i, subset) in list(endpoints, &["subsets"]).iter().enumerate() {
        let path = format!("subsets[{i}]");
        let (ready, waiting) = (list(subset, &["addresses"]), list(subset, &["notReadyAddresses"]));
        if ready.is_empty() && waiting.is_empty() {
            errors.push(Error::required(path.clone(), "must specify `addresses` or `notReadyAddresses`"));
        }
        for (name, addresses) in [("addresses", ready), ("notReadyAddresses", waiting)] {
            for (j, address) in addresses.iter().enumerate() {
                let (path, ip) = (format!("{path}.{name}[{j}]"), text(address, &["ip"]));
                errors.extend(Error::each(&format!("{path}.ip"), ip, names::ip(ip)));
                optional(&mut errors, format!("{path}.hostname"), text(address, &["hostname"]), names::dns_label);
            }
        }
        let ports = list(subset, &["ports"]);
        for (j, port) in ports.iter().enumerate() {
            let path = format!("{path}.ports[{j}]");
            let name = text(port, &["name"]);
            let check = if ports.len() > 1 { named } else { optional };
            check(&mut errors, format!("{path}.name"), name, names::dns_label);
            let number = integer(port, &["port"]);
            errors.extend(Error::each(&format!("{path}.port"), number, names::port_number(number)));
            one_of(&mut errors, format!("{path}.protocol"), text(port, &["protocol"]), &["SCTP", "TCP", "UDP"]);
        }
    }
    errors
}
