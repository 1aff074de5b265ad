//! EndpointSlice: some of the addresses behind a Service.

use serde_json::Value;

use crate::{
    kind::{Generation, Kind, Version},
    kinds::default::{items, set, set_text},
};

pub static KIND: Kind = Kind {
    kind: "EndpointSlice",
    plural: "endpointslices",
    versions: &[Version::hub("discovery.k8s.io", "v1", "io.k8s.api.discovery.v1.EndpointSlice")],
    generation: Generation::Counted,
    default,
    ..Kind::NAMESPACED
};

fn default(slice: &mut Value) {
    for port in items(slice, "ports") {
        set(port, "name", "");
        set_text(port, "protocol", "TCP");
    }
}
