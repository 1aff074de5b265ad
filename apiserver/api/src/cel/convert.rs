//! JSON to the language's values and back; the schema tells times and bytes from strings.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, FixedOffset};
use kube_cel::cel::{
    ExecutionError, Value as CelValue,
    objects::{Key, Map},
};
use serde_json::Value;

use crate::schema::{Container, FieldType, Shape, Type};

/// What identifiers of the language cannot be; a field called so is written `__in__`.
const RESERVED: [&str; 20] = [
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
    "loop", "package", "return", "var", "void", "while",
];

/// The value of `value`, an object of type `schema` where that is known.
pub fn from_json(schema: Option<&'static Type>, value: &Value) -> CelValue {
    match (value, schema.map(|schema| schema.shape)) {
        (Value::String(text), Some(Shape::Time | Shape::MicroTime)) => time(text),
        (Value::Object(members), _) => {
            let mut map = HashMap::with_capacity(members.len());
            for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                let value = match schema.and_then(|schema| schema.field(name)) {
                    Some(field) => field_value(field.kind, field.container, member),
                    None => from_json(None, member),
                };
                if let Some(escaped) = escape(name) {
                    map.insert(Key::String(Arc::new(escaped)), value.clone());
                }
                map.insert(Key::String(Arc::new(name.clone())), value);
            }
            CelValue::Map(Map { map: Arc::new(map) })
        }
        (Value::Array(items), _) => CelValue::List(Arc::new(items.iter().map(|item| from_json(schema, item)).collect())),
        (Value::Null, _) => CelValue::Null,
        (Value::Bool(truth), _) => CelValue::Bool(*truth),
        (Value::Number(number), _) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => CelValue::Int(integer),
            (None, Some(big)) => CelValue::UInt(big),
            (None, None) => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        (Value::String(text), _) => CelValue::String(Arc::new(text.clone())),
    }
}

fn field_value(kind: FieldType, container: Container, value: &Value) -> CelValue {
    match (container, value) {
        (Container::List, Value::Array(items)) => {
            CelValue::List(Arc::new(items.iter().map(|item| field_value(kind, Container::One, item)).collect()))
        }
        // Keys of a map are data: nothing to escape.
        (Container::Map, Value::Object(members)) => {
            let pairs = members
                .iter()
                .map(|(name, member)| (Key::String(Arc::new(name.clone())), field_value(kind, Container::One, member)));
            CelValue::Map(Map { map: Arc::new(pairs.collect()) })
        }
        (_, value) => match (kind, value) {
            (FieldType::Object(schema), value) => from_json(Some(schema), value),
            (FieldType::Bytes, Value::String(text)) => match STANDARD.decode(text) {
                Ok(bytes) => CelValue::Bytes(Arc::new(bytes)),
                Err(_) => from_json(None, value),
            },
            (FieldType::Double, Value::Number(number)) => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
            (_, value) => from_json(None, value),
        },
    }
}

pub(crate) fn time(text: &str) -> CelValue {
    DateTime::<FixedOffset>::parse_from_rfc3339(text)
        .map_or_else(|_| CelValue::String(Arc::new(text.to_owned())), CelValue::Timestamp)
}

/// How an expression writes a field that is no identifier; nothing if it is one.
pub(crate) fn escape(name: &str) -> Option<String> {
    if RESERVED.contains(&name) || name == "namespace" {
        return Some(format!("__{name}__"));
    }
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.contains("__") {
        return None;
    }
    let escaped = name.replace("__", "__underscores__");
    Some(escaped.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__"))
}

/// The JSON of a value. What JSON cannot say is null.
pub fn to_json(value: &CelValue) -> Value {
    match value {
        CelValue::List(items) => Value::Array(items.iter().map(to_json).collect()),
        CelValue::Map(map) => {
            let pairs = map.map.iter().map(|(key, value)| {
                let name = match key {
                    Key::String(text) => text.to_string(),
                    Key::Int(number) => number.to_string(),
                    Key::Uint(number) => number.to_string(),
                    Key::Bool(truth) => truth.to_string(),
                };
                (name, to_json(value))
            });
            Value::Object(pairs.collect())
        }
        CelValue::Int(number) => (*number).into(),
        CelValue::UInt(number) => (*number).into(),
        CelValue::Float(number) => (*number).into(),
        CelValue::String(text) => text.as_str().into(),
        CelValue::Bytes(bytes) => STANDARD.encode(bytes.as_slice()).into(),
        CelValue::Bool(truth) => (*truth).into(),
        CelValue::Timestamp(time) => time.to_utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true).into(),
        CelValue::Duration(duration) => format!("{}s", duration.num_milliseconds() as f64 / 1000.0).into(),
        CelValue::Function(..) | CelValue::Opaque(_) | CelValue::Null => Value::Null,
    }
}

/// What `type(value)` is.
pub(super) fn type_name(value: &CelValue) -> &'static str {
    match value {
        CelValue::List(_) => "list",
        CelValue::Map(_) => "map",
        CelValue::Int(_) => "int",
        CelValue::UInt(_) => "uint",
        CelValue::Float(_) => "double",
        CelValue::String(_) => "string",
        CelValue::Bytes(_) => "bytes",
        CelValue::Bool(_) => "bool",
        CelValue::Timestamp(_) => "google.protobuf.Timestamp",
        CelValue::Duration(_) => "google.protobuf.Duration",
        CelValue::Null => "null_type",
        CelValue::Function(..) | CelValue::Opaque(_) => "opaque",
    }
}

/// Why an evaluation failed, as cel-go says it.
pub(super) fn failure(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::IndexOutOfBounds(index) => format!("index out of bounds: {}", to_json(index)),
        ExecutionError::NoSuchOverload
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnsupportedUnaryOperator(..)
        | ExecutionError::NotSupportedAsMethod { .. } => "no such overload".to_owned(),
        ExecutionError::FunctionError { message, .. } => message.clone(),
        other => other.to_string(),
    }
}
