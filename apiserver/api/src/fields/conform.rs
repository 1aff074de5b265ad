//! The types of values and their canonical form: one walk over a body, side by side with its schema.

use serde_json::{Map, Value};

use super::{Path, Step, scalar};
use crate::schema::{Container, Field, FieldType, Shape, Type};

/// What the walk found.
#[derive(Default)]
pub(super) struct Report {
    pub(super) unknown: Vec<String>,
    /// The first value of a wrong type.
    pub(super) mismatch: Option<Mismatch>,
}

/// A value of a wrong type, in the words of two of upstream's decoders.
pub(super) struct Mismatch {
    /// Of text.
    pub(super) decoded: String,
    /// Of what was decoded before: strategic merge patches.
    pub(super) restored: String,
}

/// A type that reads itself says the same to both.
impl From<String> for Mismatch {
    fn from(why: String) -> Self {
        Self { restored: why.clone(), decoded: why }
    }
}

/// The field a value stands in, for messages: its struct and itself.
#[derive(Clone, Copy)]
struct Home {
    owner: &'static Type,
    field: &'static Field,
}

pub(super) fn walk(schema: &'static Type, value: &mut Value) -> Report {
    let mut report = Report::default();
    match value {
        Value::Object(map) => object(schema, map, &Path::ROOT, &mut report),
        other => {
            let kind = scalar::go_kind(other);
            let decoded = format!("json: cannot unmarshal {kind} into Go value of type {}", go_name(schema));
            report.mismatch =
                Some(Mismatch { decoded, restored: format!("cannot restore struct from: {}", go_source(other)) });
        }
    }
    report
}

fn object(ty: &'static Type, map: &mut Map<String, Value>, path: &Path<'_>, report: &mut Report) {
    map.retain(|name, value| {
        let path = path.then(Step::Field(name));
        let Some(field) = ty.field(name) else {
            report.unknown.push(format!("unknown field {:?}", path.to_string()));
            return false;
        };
        // null says that the field is not there
        if value.is_null() {
            return false;
        }
        field_value(Home { owner: ty, field }, value, &path, report);
        true
    });
}

/// Whether an item may be null; a field may not, even if it takes any JSON.
fn takes_null(field: &Field) -> bool {
    matches!(field.kind, FieldType::Object(ty) if ty.shape == Shape::Json)
}

fn field_value(home: Home, value: &mut Value, path: &Path<'_>, report: &mut Report) {
    match (home.field.container, value) {
        (Container::One, value) => one(home, value, path, report),
        (Container::List, Value::Array(list)) => {
            for (index, item) in list.iter_mut().enumerate() {
                element(home, item, &path.then(Step::Index(index)), report);
            }
        }
        (Container::Map, Value::Object(map)) => {
            for (key, item) in map.iter_mut() {
                element(home, item, &path.then(Step::Key(key)), report);
            }
        }
        (Container::List, other) => mismatch(home, other, &format!("[]{}", go_type(home.field)), path, report),
        (Container::Map, other) => mismatch(home, other, &format!("map[string]{}", go_type(home.field)), path, report),
    }
}

/// An item of a list or a map: null is its zero value.
fn element(home: Home, value: &mut Value, path: &Path<'_>, report: &mut Report) {
    if value.is_null() && !takes_null(home.field) {
        *value = match home.field.kind {
            FieldType::String | FieldType::Bytes => "".into(),
            FieldType::Int32 | FieldType::Int64 | FieldType::Double => 0.into(),
            FieldType::Bool => false.into(),
            FieldType::Object(ty) => match ty.shape {
                Shape::Quantity => "0".into(),
                Shape::Strings => Value::Array(Vec::new()),
                _ => Value::Object(Map::new()),
            },
        };
    }
    one(home, value, path, report);
}

fn one(home: Home, value: &mut Value, path: &Path<'_>, report: &mut Report) {
    let fits = match (home.field.kind, &mut *value) {
        (FieldType::Object(ty), value) => return shaped(home, ty, value, path, report),
        (FieldType::Bytes, Value::String(text)) => {
            if let Err(why) = scalar::bytes(text) {
                report.mismatch.get_or_insert(why.into());
            }
            true
        }
        (FieldType::String, Value::String(_))
        | (FieldType::Bool, Value::Bool(_))
        | (FieldType::Double, Value::Number(_)) => true,
        (FieldType::Int32, Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        (FieldType::Int64, Value::Number(number)) => number.is_i64(),
        _ => false,
    };
    if !fits {
        mismatch(home, value, &go_type(home.field), path, report);
    }
}

fn shaped(home: Home, ty: &'static Type, value: &mut Value, path: &Path<'_>, report: &mut Report) {
    let result = match (ty.shape, &mut *value) {
        (Shape::Object, Value::Object(map)) => return object(ty, map, path, report),
        (Shape::OrBool | Shape::OrArray | Shape::OrStrings, Value::Object(map)) => {
            return object(inner(ty), map, path, report);
        }
        (Shape::OrArray, Value::Array(list)) => {
            for (index, item) in list.iter_mut().enumerate() {
                if let Value::Object(map) = item {
                    object(inner(ty), map, &path.then(Step::Index(index)), report);
                }
            }
            Ok(())
        }
        (Shape::OrBool, Value::Bool(_)) => Ok(()),
        (Shape::OrBool, _) => Err("boolean or JSON schema expected".to_owned()),
        (Shape::Strings | Shape::OrStrings, Value::Array(list)) => match list.iter().find(|item| !item.is_string()) {
            None => Ok(()),
            Some(item) => return mismatch(home, item, "string", path, report),
        },
        (Shape::Quantity, value) => scalar::quantity(value),
        (Shape::IntOrString, value) => scalar::int_or_string(value),
        (Shape::Time, value) => scalar::time(value),
        (Shape::MicroTime, value) => scalar::micro_time(value),
        (Shape::Duration, value) => scalar::duration(value),
        (Shape::Raw | Shape::JsonObject | Shape::Json, _) => Ok(()),
        (_, other) => return mismatch(home, other, &go_type(home.field), path, report),
    };
    if let Err(why) = result {
        report.mismatch.get_or_insert(why.into());
    }
}

/// The schema inside a "schema or something else".
fn inner(ty: &'static Type) -> &'static Type {
    let schema = ty.fields().iter().find_map(|field| match field.kind {
        FieldType::Object(schema) => Some(schema),
        _ => None,
    });
    schema.unwrap_or(ty)
}

fn mismatch(home: Home, value: &Value, go_type: &str, path: &Path<'_>, report: &mut Report) {
    if report.mismatch.is_some() {
        return;
    }
    let kind = match (value, home.field.kind) {
        // a number that does not fit is shown, one where something else belongs is not
        (Value::Number(number), FieldType::Int32 | FieldType::Int64) => format!("number {number}"),
        (Value::Number(_), _) => "number".into(),
        (other, _) => scalar::go_kind(other),
    };
    let owner = home.owner.short_name();
    let field = path.fields();
    let decoded = format!("json: cannot unmarshal {kind} into Go struct field {owner}.{field} of type {go_type}");
    report.mismatch = Some(Mismatch { decoded, restored: not_restored(value, home.field, go_type) });
}

/// Go's kind of a value that was decoded without a type.
fn go_source(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// What upstream says of a value that cannot become a field's.
fn not_restored(value: &Value, field: &Field, go_type: &str) -> String {
    let source = go_source(value);
    if go_type.starts_with("map[") {
        return format!("cannot restore map from {source}");
    }
    if go_type.starts_with("[]") {
        return format!("cannot restore slice from {source}");
    }
    match (field.kind, source) {
        (FieldType::Object(_), _) => format!("cannot restore struct from: {source}"),
        // Go converts a number to the letter of that number, and upstream does not want it
        (FieldType::String, "int64") => format!("cannot convert int64 to {go_type}"),
        (FieldType::Int32 | FieldType::Int64, "float64") => format!("cannot convert float64 to {go_type}"),
        (FieldType::String, _) => "unrecognized type: string".to_owned(),
        (_, _) => format!("unrecognized type: {go_type}"),
    }
}

/// What Go calls the type of a field's value, or of its items.
fn go_type(field: &Field) -> String {
    match field.kind {
        FieldType::String => field.closed.map_or_else(|| "string".into(), |closed| qualified(closed.name)),
        FieldType::Int32 => "int32".into(),
        FieldType::Int64 => "int64".into(),
        FieldType::Double => "float64".into(),
        FieldType::Bool => "bool".into(),
        FieldType::Bytes => "[]uint8".into(),
        FieldType::Object(ty) => go_name(ty),
    }
}

fn go_name(ty: &Type) -> String {
    qualified(ty.name)
}

/// `v1.Pod` of `io.k8s.api.core.v1.Pod`.
fn qualified(name: &str) -> String {
    let mut parts = name.rsplitn(3, '.');
    let (last, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{package}.{last}")
}
