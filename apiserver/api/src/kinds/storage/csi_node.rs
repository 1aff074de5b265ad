//! CSINode: the storage drivers that a node has.

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::{named, not_negative},
        read::{at, list, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "CSINode",
    plural: "csinodes",
    versions: &[Version::hub("storage.k8s.io", "v1", "io.k8s.api.storage.v1.CSINode")],
    columns: &[
        Column::NAME,
        Column::text("Drivers", |node| list(node, &["spec", "drivers"]).len().into()).integer(),
        Column::AGE,
    ],
    validate: |node| {
        let mut errors = Vec::new();
        let drivers = list(node, &["spec", "drivers"]);
        for (i, driver) in drivers.iter().enumerate() {
            let path = format!("spec.drivers[{i}]");
            named(&mut errors, format!("{path}.name"), text(driver, &["name"]), names::dns_subdomain);
            if text(driver, &["nodeID"]).is_empty() {
                errors.push(Error::required(format!("{path}.nodeID"), ""));
            }
            not_negative(&mut errors, format!("{path}.allocatable.count"), at(driver, &["allocatable", "count"]));
            if drivers[..i].iter().any(|other| text(other, &["name"]) == text(driver, &["name"])) {
                errors.push(Error::duplicate(format!("{path}.name"), text(driver, &["name"])));
            }
        }
        errors
    },
    shows_deleted: true,
    ..Kind::CLUSTER
};
