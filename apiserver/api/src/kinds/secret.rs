//! Secret: data for pods that is not to be shown.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{
    field::Error,
    kind::{Column, Field, Kind, Version},
    kinds::{
        checks::{immutable, members},
        config_map::{LIMIT, decoded_len, validate_immutable},
        default::{member, set_text},
        read::{at, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "Secret",
    plural: "secrets",
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Secret")],
    columns: &[
        Column::NAME,
        Column::text("Type", |object| text(object, &["type"]).into()),
        Column::text("Data", |object| at(object, &["data"]).as_object().map_or(0, serde_json::Map::len).into()),
        Column::AGE,
    ],
    fields: &[Field { path: "type", value: |object| text(object, &["type"]).to_owned() }],
    default,
    validate,
    validate_update,
    ..Kind::NAMESPACED
};

/// `stringData` is only a way to write: it becomes part of `data`, and wins there.
fn default(secret: &mut Value) {
    set_text(secret, "type", "Opaque");
    let plain = secret.as_object_mut().and_then(|members| members.remove("stringData"));
    if let Some(Value::Object(plain)) = plain {
        let encoded: Map<String, Value> =
            plain.into_iter().map(|(k, v)| (k, STANDARD.encode(v.as_str().unwrap_or_default()).into())).collect();
        if let Some(data) = member(secret, "data").as_object_mut() {
            data.extend(encoded);
        }
    }
}

/// The keys that a type promises; one of each group must be there.
const PROMISED: &[(&str, &[&[&str]])] = &[
    ("kubernetes.io/dockercfg", &[&[".dockercfg"]]),
    ("kubernetes.io/dockerconfigjson", &[&[".dockerconfigjson"]]),
    ("kubernetes.io/basic-auth", &[&["username", "password"]]),
    ("kubernetes.io/ssh-auth", &[&["ssh-privatekey"]]),
    ("kubernetes.io/tls", &[&["tls.crt"], &["tls.key"]]),
];

fn validate(secret: &Value) -> Vec<Error> {
    let data = at(secret, &["data"]);
    let mut errors = Vec::new();
    for key in members(data).map(|(key, _)| key) {
        errors.extend(Error::each(&format!("data[{key}]"), key.as_str(), names::config_key(key)));
    }
    if members(data).map(|(_, value)| decoded_len(value)).sum::<usize>() > LIMIT {
        errors.push(Error::too_long("data", LIMIT));
    }
    let kind = text(secret, &["type"]);
    if kind == "kubernetes.io/service-account-token" {
        const NAME: &str = "kubernetes.io/service-account.name";
        if text(secret, &["metadata", "annotations", NAME]).is_empty() {
            errors.push(Error::required(format!("metadata.annotations[{NAME}]"), ""));
        }
    }
    let groups = PROMISED.iter().filter(|(promising, _)| *promising == kind).flat_map(|(_, groups)| groups.iter());
    for group in groups.filter(|group| group.iter().all(|key| data.get(key).is_none())) {
        errors.extend(group.iter().map(|key| Error::required(format!("data[{key}]"), "")));
    }
    for key in [".dockercfg", ".dockerconfigjson"].iter().filter(|_| kind.starts_with("kubernetes.io/dockerc")) {
        let text = data.get(key).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
        if let Some(Err(error)) = text.map(|text| serde_json::from_slice::<Map<String, Value>>(&text)) {
            errors.push(Error::invalid(format!("data[{key}]"), "<secret contents redacted>", error.to_string()));
        }
    }
    errors
}

fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    immutable(&mut errors, "type", at(new, &["type"]), at(old, &["type"]));
    errors.extend(validate_immutable(new, old, &["data"]));
    errors
}
