//! Secret: data for pods that is not to be shown.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{
    kind::{Column, Field, Kind, Version},
    kinds::{
        default::{member, set_text},
        read::{at, text},
    },
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
