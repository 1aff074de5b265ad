//! Endpoints: the addresses behind a Service, in the old form.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    kind::{Column, Kind, Version},
    kinds::{
        columns::{or_none, some},
        default::{items, set_text},
        read::{integer, list, text},
    },
};

pub static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    short_names: &["ep"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Endpoints")],
    columns: &[Column::NAME, Column::text("Endpoints", ready), Column::AGE],
    default,
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
