//! VolumeAttributesClass: parameters of a volume that may change while it is used.

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::members,
        read::{at, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "VolumeAttributesClass",
    plural: "volumeattributesclasses",
    short_names: &["vac"],
    versions: &[Version::hub("storage.k8s.io", "v1", "io.k8s.api.storage.v1.VolumeAttributesClass")],
    columns: &[Column::NAME, Column::text("DriverName", |class| text(class, &["driverName"]).into()), Column::AGE],
    validate: |class| {
        let mut errors = Vec::new();
        let driver = text(class, &["driverName"]);
        if driver.is_empty() {
            errors.push(Error::required("driverName", ""));
        } else {
            errors.extend(Error::each("driverName", driver, names::qualified(&driver.to_lowercase())));
        }
        if members(at(class, &["parameters"])).next().is_none() {
            errors.push(Error::required("parameters", "must contain at least one key/value pair"));
        }
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        for (name, detail) in
            [("driverName", "updates to driverName are forbidden."), ("parameters", "updates to parameters are forbidden.")]
        {
            if at(new, &[name]) != at(old, &[name]) {
                errors.push(Error::forbidden(name, detail));
            }
        }
        errors
    },
    shows_deleted: true,
    ..Kind::CLUSTER
};
