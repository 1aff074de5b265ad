//! ConfigMap: data for pods that is not secret.

use serde_json::Value;

use crate::kind::{Column, Kind, Version};

pub static KIND: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    short_names: &["cm"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.ConfigMap")],
    columns: &[Column::NAME, Column::text("Data", data), Column::AGE],
    ..Kind::NAMESPACED
};

fn data(object: &Value) -> Value {
    let count = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    (count("data") + count("binaryData")).into()
}
