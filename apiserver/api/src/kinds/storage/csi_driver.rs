//! CSIDriver: what a storage driver can do.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::{
        checks::immutable,
        columns::or,
        default::{member, set, set_text},
        read::{at, list, text},
    },
};

pub static KIND: Kind = Kind {
    kind: "CSIDriver",
    plural: "csidrivers",
    versions: &[Version::hub("storage.k8s.io", "v1", "io.k8s.api.storage.v1.CSIDriver")],
    columns: &[
        Column::NAME,
        Column::text("AttachRequired", |driver| flag(driver, "attachRequired")),
        Column::text("PodInfoOnMount", |driver| flag(driver, "podInfoOnMount")),
        Column::text("StorageCapacity", |driver| flag(driver, "storageCapacity")),
        Column::text("TokenRequests", |driver| {
            let requests = list(driver, &["spec", "tokenRequests"]).iter();
            or(requests.map(|request| text(request, &["audience"])).collect::<Vec<_>>().join(","), "<unset>")
        }),
        Column::text("RequiresRepublish", |driver| flag(driver, "requiresRepublish")),
        Column::text("Modes", |driver| {
            let modes = list(driver, &["spec", "volumeLifecycleModes"]).iter();
            or(modes.filter_map(Value::as_str).collect::<Vec<_>>().join(","), "<none>")
        }),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default,
    validate: |driver| {
        let mut errors = Vec::new();
        let modes = list(driver, &["spec", "volumeLifecycleModes"]);
        let supported = &["Ephemeral", "Persistent"];
        for mode in modes.iter().filter(|mode| !supported.contains(&mode.as_str().unwrap_or_default())) {
            errors.push(Error::not_supported("spec.volumeLifecycleModes", mode.clone(), supported));
        }
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        for name in ["attachRequired", "fsGroupPolicy", "volumeLifecycleModes"] {
            immutable(&mut errors, &format!("spec.{name}"), at(new, &["spec", name]), at(old, &["spec", name]));
        }
        errors
    },
    shows_deleted: true,
    ..Kind::CLUSTER
};

fn flag(driver: &Value, name: &str) -> Value {
    at(driver, &["spec", name]).as_bool().unwrap_or_default().to_string().into()
}

fn default(driver: &mut Value) {
    let spec = member(driver, "spec");
    set(spec, "attachRequired", true);
    set(spec, "podInfoOnMount", false);
    set(spec, "storageCapacity", false);
    set_text(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    set(spec, "requiresRepublish", false);
    set(spec, "seLinuxMount", false);
    if list(spec, &["volumeLifecycleModes"]).is_empty() {
        spec["volumeLifecycleModes"] = json!(["Persistent"]);
    }
}
