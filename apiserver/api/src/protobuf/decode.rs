//! Protobuf to JSON.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Number, Value};

use super::{
    duration,
    wire::{self, Data},
};
use crate::schema::{Container, Field, FieldType, Shape, Type};

type Object = Map<String, Value>;

/// Reads a message into `map`; unknown numbers are skipped.
pub(super) fn message(ty: &'static Type, bytes: &[u8], map: &mut Object) -> Result<(), String> {
    for item in wire::fields(bytes) {
        let (number, data) = item?;
        if let Some(field) = ty.fields().iter().find(|field| field.number == number) {
            contained(field, data, map)?;
        } else if let Some((_, inner)) = ty.embedded().iter().find(|(n, _)| *n == number) {
            message(inner, data.bytes()?, map)?;
        }
    }
    Ok(())
}

fn contained(field: &'static Field, data: Data<'_>, map: &mut Object) -> Result<(), String> {
    match field.container {
        Container::One => {
            let value = one(field.kind, data)?;
            let means_nothing = !field.pointer && !field.required && is_zero(field.kind, &value);
            if value.is_null() || means_nothing {
                map.remove(field.name);
            } else {
                map.insert(field.name.to_owned(), value);
            }
        }
        Container::List => {
            let list = map.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(list) = list else { return Err(format!("proto: {} is not a list", field.name)) };
            match (field.kind, data) {
                // packed numbers, which other writers may send
                (FieldType::Int32 | FieldType::Int64, Data::Bytes(mut packed)) => {
                    while !packed.is_empty() {
                        list.push(integer(wire::varint(&mut packed)?));
                    }
                }
                (kind, data) => list.push(one(kind, data)?),
            }
        }
        Container::Map => {
            let entries = map.entry(field.name).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(entries) = entries else { return Err(format!("proto: {} is not a map", field.name)) };
            let (mut key, mut value) = (String::new(), None);
            for item in wire::fields(data.bytes()?) {
                match item? {
                    (1, data) => key = data.text()?,
                    (2, data) => value = Some(one(field.kind, data)?),
                    _ => {}
                }
            }
            entries.insert(key, value.map_or_else(|| zero(field.kind), Ok)?);
        }
    }
    Ok(())
}

/// What an entry of a map without a value has.
fn zero(kind: FieldType) -> Result<Value, String> {
    match kind {
        FieldType::String | FieldType::Bytes | FieldType::Object(_) => one(kind, Data::Bytes(&[])),
        FieldType::Double => one(kind, Data::Fixed64(0)),
        FieldType::Bool | FieldType::Int32 | FieldType::Int64 => one(kind, Data::Varint(0)),
    }
}

/// Only scalars have a zero: an empty struct is shown, and so is the number 0 of an `IntOrString`.
fn is_zero(kind: FieldType, value: &Value) -> bool {
    match (kind, value) {
        (FieldType::Object(_), _) => false,
        (_, Value::Bool(flag)) => !flag,
        (_, Value::Number(number)) => number.as_f64() == Some(0.0),
        (_, Value::String(text)) => text.is_empty(),
        _ => false,
    }
}

fn integer(value: u64) -> Value {
    (value as i64).into()
}

fn one(kind: FieldType, data: Data<'_>) -> Result<Value, String> {
    Ok(match kind {
        FieldType::String => data.text()?.into(),
        FieldType::Bool => (data.varint()? != 0).into(),
        FieldType::Int32 => (data.varint()? as i32).into(),
        FieldType::Int64 => integer(data.varint()?),
        FieldType::Bytes => BASE64_STANDARD.encode(data.bytes()?).into(),
        FieldType::Double => match data {
            Data::Fixed64(bits) => double(f64::from_bits(bits)),
            other => return Err(format!("proto: wrong wireType for {other:?}")),
        },
        FieldType::Object(ty) => shaped(ty, data.bytes()?)?,
    })
}

/// Whole numbers are shown without a fraction, as Go does.
fn double(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        return (value as i64).into();
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Null for what has nothing to show, e.g. the zero time.
fn shaped(ty: &'static Type, bytes: &[u8]) -> Result<Value, String> {
    match ty.shape {
        Shape::Object => {
            let mut map = Map::new();
            message(ty, bytes, &mut map)?;
            Ok(Value::Object(map))
        }
        Shape::Quantity => Ok(find(bytes, 1)?.map_or(Ok("0".into()), Data::text)?.into()),
        Shape::IntOrString => match find(bytes, 1)?.map_or(Ok(0), Data::varint)? {
            0 => Ok((find(bytes, 2)?.map_or(Ok(0), Data::varint)? as i32).into()),
            _ => Ok(find(bytes, 3)?.map_or(Ok(String::new()), Data::text)?.into()),
        },
        Shape::Time => timestamp(bytes, "%Y-%m-%dT%H:%M:%SZ"),
        Shape::MicroTime => timestamp(bytes, "%Y-%m-%dT%H:%M:%S.%6fZ"),
        Shape::Duration => Ok(duration::format(find(bytes, 1)?.map_or(Ok(0), Data::varint)? as i64).into()),
        Shape::Raw | Shape::JsonObject | Shape::Json => match find(bytes, 1)? {
            None => Ok(Value::Null),
            Some(data) => raw(data.bytes()?),
        },
        Shape::Strings => strings(bytes, 1),
        Shape::OrBool | Shape::OrArray | Shape::OrStrings => either(ty, bytes),
    }
}

/// The last field of this number.
fn find(bytes: &[u8], number: u32) -> Result<Option<Data<'_>>, String> {
    let mut found = None;
    for field in wire::fields(bytes) {
        let (n, data) = field?;
        if n == number {
            found = Some(data);
        }
    }
    Ok(found)
}

fn timestamp(bytes: &[u8], format: &str) -> Result<Value, String> {
    let number = |at| find(bytes, at)?.map_or(Ok(0), Data::varint);
    let (seconds, nanos) = (number(1)? as i64, number(2)? as i32);
    if (seconds, nanos) == (0, 0) {
        return Ok(Value::Null);
    }
    let time = jiff::Timestamp::new(seconds, nanos).map_err(|error| format!("proto: illegal time: {error}"))?;
    Ok(time.strftime(format).to_string().into())
}

/// JSON, or an object with its own envelope.
fn raw(bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if bytes.starts_with(super::MAGIC) {
        return super::decode_object(bytes);
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

fn strings(bytes: &[u8], number: u32) -> Result<Value, String> {
    let mut list = Vec::new();
    for field in wire::fields(bytes) {
        match field? {
            (n, data) if n == number => list.push(data.text()?.into()),
            _ => {}
        }
    }
    Ok(Value::Array(list))
}

/// A schema, or what may stand in its place.
fn either(ty: &'static Type, bytes: &[u8]) -> Result<Value, String> {
    let mut map = Map::new();
    message(ty, bytes, &mut map)?;
    let schema = ty.fields().iter().find(|f| f.container == Container::One && matches!(f.kind, FieldType::Object(_)));
    if let Some(schema) = schema.and_then(|field| map.remove(field.name)) {
        return Ok(schema);
    }
    match ty.shape {
        Shape::OrBool => Ok(map.contains_key("allows").into()),
        Shape::OrStrings => strings(bytes, 2),
        _ => Ok(map.into_iter().map(|(_, list)| list).find(Value::is_array).unwrap_or_else(|| Value::Array(Vec::new()))),
    }
}
