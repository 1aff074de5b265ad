//! Service: one address for many pods.

use crate::{
    kind::{Field, Kind, Subresource, Version},
    kinds::read::text,
    names,
};

pub static KIND: Kind = Kind {
    kind: "Service",
    plural: "services",
    short_names: &["svc"],
    categories: &["all"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Service")],
    subresources: &[Subresource { kind: "ServiceProxyOptions", ..Subresource::PROXY }, Subresource::STATUS],
    fields: &[
        Field { path: "spec.clusterIP", value: |service| text(service, &["spec", "clusterIP"]).to_owned() },
        Field { path: "spec.type", value: |service| text(service, &["spec", "type"]).to_owned() },
    ],
    name: names::dns_label_1035,
    ..Kind::NAMESPACED
};
