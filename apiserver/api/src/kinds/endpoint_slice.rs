//! EndpointSlice: some of the addresses behind a Service.

use serde_json::Value;

use crate::{
    kind::{Column, Generation, Kind, Version},
    kinds::{
        columns::{or, some},
        default::{items, set, set_text},
        read::{list, text},
    },
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
