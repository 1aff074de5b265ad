//! IPAddress: one address of a Service network, and whose it is. The name is the address.

use crate::{
    field::Error,
    kind::{Column, Field, Kind, Version},
    kinds::{
        checks::immutable,
        read::{at, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "IPAddress",
    plural: "ipaddresses",
    short_names: &["ip"],
    versions: &[Version::hub("networking.k8s.io", "v1", "io.k8s.api.networking.v1.IPAddress")],
    columns: &[
        Column::NAME,
        Column::text("ParentRef", |address| {
            let parent = at(address, &["spec", "parentRef"]);
            let named = [
                text(parent, &["group"]),
                text(parent, &["resource"]),
                text(parent, &["namespace"]),
                text(parent, &["name"]),
            ];
            named.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/").into()
        }),
        Column::AGE,
    ],
    fields: &[Field {
        path: "spec.parentRef.name",
        value: |address| text(address, &["spec", "parentRef", "name"]).to_owned(),
    }],
    name: names::ip,
    validate: |address| {
        let mut errors = Vec::new();
        let parent = at(address, &["spec", "parentRef"]);
        if parent.is_null() {
            errors.push(Error::required("spec.parentRef", ""));
        } else {
            for name in ["resource", "name"].iter().filter(|name| text(parent, &[name]).is_empty()) {
                errors.push(Error::required(format!("spec.parentRef.{name}"), ""));
            }
        }
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        let parent = ["spec", "parentRef"];
        immutable(&mut errors, "spec.parentRef", at(new, &parent), at(old, &parent));
        errors
    },
    ..Kind::CLUSTER
};
