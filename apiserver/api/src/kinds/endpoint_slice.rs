//! EndpointSlice: some of the addresses behind a Service.

use crate::kind::{Generation, Kind, Version};

pub static KIND: Kind = Kind {
    kind: "EndpointSlice",
    plural: "endpointslices",
    versions: &[Version::hub("discovery.k8s.io", "v1", "io.k8s.api.discovery.v1.EndpointSlice")],
    generation: Generation::Counted,
    ..Kind::NAMESPACED
};
