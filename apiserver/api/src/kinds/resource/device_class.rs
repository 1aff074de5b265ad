//! DeviceClass: a sort of device.

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::read::list,
};

pub static KIND: Kind = Kind {
    kind: "DeviceClass",
    plural: "deviceclasses",
    versions: &[Version::hub("resource.k8s.io", "v1", "io.k8s.api.resource.v1.DeviceClass")],
    columns: &[Column::NAME, Column::AGE],
    generation: Generation::Counted,
    validate: |class| {
        let mut errors = Vec::new();
        for (field, most) in [("selectors", 32), ("config", 32)] {
            let given = list(class, &["spec", field]).len();
            if given > most {
                errors.push(Error::too_many(format!("spec.{field}"), given, most));
            }
        }
        errors
    },
    ..Kind::CLUSTER
};
