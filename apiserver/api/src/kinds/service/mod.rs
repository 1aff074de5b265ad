//! Service: one address for many pods.

/// Addresses, ports and the claims on them.
mod allocate;
/// What `kubectl get services` shows.
mod columns;
/// Defaults, and what follows from the type.
mod default;

/// Every complaint.
mod validate;
/// What is hardly meant.
mod warnings;

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
    columns: columns::COLUMNS,
    fields: &[
        Field { path: "spec.clusterIP", value: |service| text(service, &["spec", "clusterIP"]).to_owned() },
        Field { path: "spec.type", value: |service| text(service, &["spec", "type"]).to_owned() },
    ],
    name: names::dns_label_1035,
    default: default::apply,
    allocate: allocate::allocate,
    prepare_create: default::prepare_create,
    prepare_update: default::prepare_update,
    validate: validate::validate,
    validate_update: validate::validate_update,
    claims: allocate::claims,
    warnings: warnings::of,
    shows_deleted: true,
    put_creates: true,
    ..Kind::NAMESPACED
};

#[cfg(test)]
mod tests;
