//! Values as the language has them: by the schema, with names that are no identifiers escaped, times as times.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map as JsonMap, Value};

use crate::{
    cel::{
        CelValue,
        cel::objects::{Key, Map},
        escape, from_json, time,
    },
    custom::schema::{Schema, Types},
};

/// What everybody sees of an object, whatever its schema says.
const OBJECT: [&str; 2] = ["apiVersion", "kind"];
const METADATA: [&str; 2] = ["name", "generateName"];

/// `value` as its schema has it; a whole object (`whole`) also says what it is and how it is called.
pub(super) fn of(schema: &Schema, value: &Value, whole: bool) -> CelValue {
    match value {
        Value::Object(fields) if schema.types == Types::Object || !schema.properties.is_empty() => {
            object(schema, fields, whole)
        }
        Value::Array(items) => {
            let item = |item| {
                schema.items.as_deref().map_or_else(|| from_json(None, item), |below| of(below, item, below.embedded))
            };
            CelValue::List(Arc::new(items.iter().map(item).collect()))
        }
        Value::String(text) => match schema.format.as_str() {
            "date-time" => time(text),
            "date" => time(&format!("{text}T00:00:00Z")),
            "byte" => {
                STANDARD.decode(text).map_or_else(|_| from_json(None, value), |bytes| CelValue::Bytes(Arc::new(bytes)))
            }
            "duration" => duration(text).unwrap_or_else(|| from_json(None, value)),
            _ => from_json(None, value),
        },
        Value::Number(number) if schema.types == Types::Number => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        Value::Number(number) if schema.types == Types::Integer && number.is_f64() =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "the schema says that it is whole")]
            CelValue::Int(number.as_f64().unwrap_or_default() as i64)
        }
        other => from_json(None, other),
    }
}

fn object(schema: &Schema, fields: &JsonMap<String, Value>, whole: bool) -> CelValue {
    let mut map = HashMap::with_capacity(fields.len());
    let mut put = |name: String, value: CelValue| drop(map.insert(Key::String(Arc::new(name)), value));
    for (name, value) in fields {
        let known = schema.properties.get(name);
        match (known, schema.additional()) {
            (Some(below), _) if !(whole && name == "metadata") && (!value.is_null() || below.nullable) => {
                put(escape(name).unwrap_or_else(|| name.clone()), of(below, value, below.embedded));
            }
            // keys of a map are data: nothing to escape
            (None, Some(below)) => put(name.clone(), of(below, value, below.embedded)),
            _ if whole && OBJECT.contains(&name.as_str()) => put(name.clone(), from_json(None, value)),
            _ if whole && name == "metadata" => {
                let kept = METADATA.iter().filter_map(|name| Some(((*name).to_owned(), value.get(name)?.clone())));
                put(name.clone(), from_json(None, &Value::Object(kept.collect())));
            }
            _ => {}
        }
    }
    CelValue::Map(Map { map: Arc::new(map) })
}

/// As Go writes one.
fn duration(text: &str) -> Option<CelValue> {
    let span: jiff::SignedDuration = text.parse().ok()?;
    chrono::TimeDelta::from_std(span.unsigned_abs())
        .ok()
        .map(|delta| CelValue::Duration(if span.is_negative() { -delta } else { delta }))
}
