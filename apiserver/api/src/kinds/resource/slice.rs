//! ResourceSlice: some of the devices of a driver's pool.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Field, Generation, Kind, Version},
    kinds::{
        checks::{immutable, named},
        columns::or,
        read::{at, list, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "ResourceSlice",
    plural: "resourceslices",
    versions: &[Version::hub("resource.k8s.io", "v1", "io.k8s.api.resource.v1.ResourceSlice")],
    columns: &[
        Column::NAME,
        Column::text("Node", |slice| or(text(slice, &["spec", "nodeName"]), "<all nodes>")),
        Column::text("Driver", |slice| text(slice, &["spec", "driver"]).into()),
        Column::text("Pool", |slice| text(slice, &["spec", "pool", "name"]).into()),
        Column::AGE,
    ],
    fields: &[
        Field { path: "spec.nodeName", value: |slice| text(slice, &["spec", "nodeName"]).to_owned() },
        Field { path: "spec.driver", value: |slice| text(slice, &["spec", "driver"]).to_owned() },
    ],
    generation: Generation::Counted,
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        for name in ["driver", "nodeName"] {
            immutable(&mut errors, &format!("spec.{name}"), at(new, &["spec", name]), at(old, &["spec", name]));
        }
        let pool = ["spec", "pool", "name"];
        immutable(&mut errors, "spec.pool.name", at(new, &pool), at(old, &pool));
        errors
    },
    ..Kind::CLUSTER
};

/// pkg/apis/resource/validation/validation.go, ValidateResourceSlice
fn validate(slice: &Value) -> Vec<Error> {
    let spec = at(slice, &["spec"]);
    let mut errors = Vec::new();
    named(&mut errors, "spec.driver".into(), text(spec, &["driver"]), names::dns_subdomain);
    if text(spec, &["pool", "name"]).is_empty() {
        errors.push(Error::required("spec.pool.name", ""));
    }
    let places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];
    let given = places.iter().filter(|name| !matches!(at(spec, &[name]), Value::Null | Value::Bool(false))).count();
    if given != 1 {
        let detail = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
        errors.push(if given == 0 { Error::required("spec", detail) } else { Error::invalid("spec", "", detail) });
    }
    let devices = list(spec, &["devices"]);
    for (i, device) in devices.iter().enumerate() {
        let (path, name) = (format!("spec.devices[{i}].name"), text(device, &["name"]));
        named(&mut errors, path.clone(), name, names::dns_label);
        if devices[..i].iter().any(|other| text(other, &["name"]) == name) {
            errors.push(Error::duplicate(path, name));
        }
    }
    errors
}
