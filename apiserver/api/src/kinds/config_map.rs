//! ConfigMap: data for pods that is not secret.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::members,
        read::{at, is_empty},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    short_names: &["cm"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.ConfigMap")],
    columns: &[Column::NAME, Column::text("Data", data), Column::AGE],
    validate,
    validate_update: |new, old| validate_immutable(new, old, &["data", "binaryData"]),
    ..Kind::NAMESPACED
};

/// Bytes of all values together; of Secrets too.
pub(crate) const LIMIT: usize = 1024 * 1024;

fn validate(object: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let (data, binary) = (at(object, &["data"]), at(object, &["binaryData"]));
    let mut size = 0;
    for (key, value) in members(data) {
        let path = format!("data[{key}]");
        errors.extend(Error::each(&path, key.as_str(), names::config_key(key)));
        if binary.get(key).is_some() {
            let detail = "duplicate of key present in binaryData";
            errors.push(Error::invalid(path, key.as_str(), detail));
        }
        size += value.as_str().map_or(0, str::len);
    }
    for (key, value) in members(binary) {
        errors.extend(Error::each(&format!("binaryData[{key}]"), key.as_str(), names::config_key(key)));
        size += decoded_len(value);
    }
    if size > LIMIT {
        errors.push(Error::too_long("[]", LIMIT));
    }
    errors
}

/// What a base64 value is long when decoded.
pub(crate) fn decoded_len(value: &Value) -> usize {
    value.as_str().and_then(|text| STANDARD.decode(text).ok()).map_or(0, |bytes| bytes.len())
}

/// What was made immutable stays so, with its data; of Secrets too.
pub(crate) fn validate_immutable(new: &Value, old: &Value, data: &[&str]) -> Vec<Error> {
    let mut errors = Vec::new();
    if at(old, &["immutable"]) != true {
        return errors;
    }
    let changed = |name: &str| {
        let (new, old) = (at(new, &[name]), at(old, &[name]));
        new != old && !(is_empty(new) && is_empty(old))
    };
    if at(new, &["immutable"]) != true {
        errors.push(Error::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for name in data.iter().filter(|name| changed(name)) {
        errors.push(Error::forbidden(*name, "field is immutable when `immutable` is set"));
    }
    errors
}

fn data(object: &Value) -> Value {
    let count = |field: &str| object[field].as_object().map_or(0, Map::len);
    (count("data") + count("binaryData")).into()
}
