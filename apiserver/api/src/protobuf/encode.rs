//! JSON to protobuf.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{duration, wire::Writer};
use crate::schema::{Container, Field, FieldType, Shape, Type};

type Object = Map<String, Value>;

/// What one number of a message holds.
enum Part<'a> {
    Field(&'static Field, &'a Value),
    Embedded(&'static Type),
}

/// Fields go out in the order of their numbers, as Go and prost write them.
pub(super) fn message(ty: &'static Type, map: &Object, out: &mut Writer) {
    let mut parts: Vec<(u32, Part<'_>)> = Vec::with_capacity(map.len());
    for (name, value) in map {
        if let Some(field) = ty.field(name).filter(|field| field.number > 0) {
            parts.push((field.number, Part::Field(field, value)));
        }
    }
    for (number, inner) in ty.embedded() {
        if map.keys().any(|name| inner.field(name).is_some()) {
            parts.push((*number, Part::Embedded(inner)));
        }
    }
    parts.sort_by_key(|(number, _)| *number);
    for (number, part) in parts {
        match part {
            Part::Field(field, value) => contained(field, value, out),
            Part::Embedded(inner) => nested(number, out, |out| message(inner, map, out)),
        }
    }
}

fn nested(number: u32, out: &mut Writer, write: impl FnOnce(&mut Writer)) {
    let mut inner = Writer::default();
    write(&mut inner);
    out.bytes(number, &inner.into_bytes());
}

fn contained(field: &Field, value: &Value, out: &mut Writer) {
    match (field.container, value) {
        (_, Value::Null) => {}
        (Container::One, value) => one(field.number, field.kind, value, out),
        (Container::List, Value::Array(list)) => {
            for item in list {
                one(field.number, field.kind, item, out);
            }
        }
        (Container::Map, Value::Object(map)) => {
            for (key, item) in map {
                nested(field.number, out, |entry| {
                    entry.string(1, key);
                    one(2, field.kind, item, entry);
                });
            }
        }
        _ => {}
    }
}

fn one(number: u32, kind: FieldType, value: &Value, out: &mut Writer) {
    match (kind, value) {
        (FieldType::String, Value::String(text)) => out.string(number, text),
        (FieldType::Bool, Value::Bool(flag)) => out.varint(number, u64::from(*flag)),
        (FieldType::Int32 | FieldType::Int64, Value::Number(n)) => {
            if let Some(n) = n.as_i64() {
                out.varint(number, n as u64);
            }
        }
        (FieldType::Double, Value::Number(n)) => {
            if let Some(n) = n.as_f64() {
                out.double(number, n);
            }
        }
        (FieldType::Bytes, Value::String(text)) => {
            if let Ok(bytes) = BASE64_STANDARD.decode(text) {
                out.bytes(number, &bytes);
            }
        }
        (FieldType::Object(ty), value) => nested(number, out, |out| shaped(ty, value, out)),
        _ => {}
    }
}

fn shaped(ty: &'static Type, value: &Value, out: &mut Writer) {
    match (ty.shape, value) {
        (Shape::Object, Value::Object(map)) => message(ty, map, out),
        (Shape::Quantity, Value::String(text)) => out.string(1, text),
        (Shape::IntOrString, Value::String(text)) => {
            out.varint(1, 1);
            out.varint(2, 0);
            out.string(3, text);
        }
        (Shape::IntOrString, Value::Number(n)) => {
            out.varint(1, 0);
            out.varint(2, n.as_i64().unwrap_or_default() as u64);
            out.string(3, "");
        }
        (Shape::Time | Shape::MicroTime, Value::String(text)) => {
            if let Ok(time) = text.parse::<jiff::Timestamp>() {
                // nanoseconds count forward, also before 1970
                let nanos = time.subsec_nanosecond().rem_euclid(1_000_000_000);
                let seconds = time.as_second() - i64::from(time.subsec_nanosecond() < 0);
                out.varint(1, seconds as u64);
                out.varint(2, i64::from(nanos) as u64);
            }
        }
        (Shape::Duration, Value::String(text)) => {
            out.varint(1, duration::parse(text).unwrap_or_default() as u64);
        }
        (Shape::Raw | Shape::JsonObject | Shape::Json, value) => {
            out.bytes(1, &serde_json::to_vec(value).expect("writing JSON to memory cannot fail"));
        }
        (Shape::Strings, Value::Array(list)) => strings(1, list, out),
        (Shape::OrBool, Value::Bool(flag)) => out.varint(1, u64::from(*flag)),
        (Shape::OrBool, Value::Object(_)) => {
            out.varint(1, 1);
            member(ty, 2, value, out);
        }
        (Shape::OrArray | Shape::OrStrings, Value::Object(_)) => member(ty, 1, value, out),
        (Shape::OrArray, Value::Array(_)) => member(ty, 2, value, out),
        (Shape::OrStrings, Value::Array(list)) => strings(2, list, out),
        _ => {}
    }
}

/// Writes the field of this number.
fn member(ty: &'static Type, number: u32, value: &Value, out: &mut Writer) {
    if let Some(field) = ty.fields().iter().find(|field| field.number == number) {
        contained(field, value, out);
    }
}

fn strings(number: u32, list: &[Value], out: &mut Writer) {
    for item in list.iter().filter_map(Value::as_str) {
        out.string(number, item);
    }
}
