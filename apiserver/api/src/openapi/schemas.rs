//! Types as JSON schemas, for both dialects.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Describe;
use crate::schema::{Container, Field, FieldType, ListType, MergeStrategy, Shape, Type};

/// Where the dialects differ.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Dialect {
    V2,
    V3,
}

impl Dialect {
    pub(super) fn reference(self, ty: &Type) -> Value {
        let place = match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        };
        json!({ "$ref": format!("{place}{}", ty.name) })
    }
}

/// The schemas of `roots` and of all types they mention, by name.
pub(super) fn closure(dialect: Dialect, roots: impl IntoIterator<Item = &'static Type>, describe: Describe<'_>) -> Value {
    let mut wanted: Vec<&'static Type> = roots.into_iter().collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut schemas = Map::new();
    while let Some(ty) = wanted.pop() {
        if !seen.insert(ty.name) {
            continue;
        }
        wanted.extend(mentioned(ty));
        schemas.insert(ty.name.to_owned(), schema(dialect, ty, describe));
    }
    Value::Object(schemas)
}

fn mentioned(ty: &'static Type) -> impl Iterator<Item = &'static Type> {
    let fields = if ty.shape == Shape::Object { ty.fields() } else { &[] };
    // what was written by somebody spells its inner types out
    let named = |field: &&Field| ty.published.is_none() || field.name == "metadata";
    fields.iter().filter(named).filter_map(|field| match field.kind {
        FieldType::Object(inner) if inner.shape != Shape::Strings => Some(inner),
        _ => None,
    })
}

fn schema(dialect: Dialect, ty: &'static Type, describe: Describe<'_>) -> Value {
    if let Some(published) = &ty.published {
        let schema = if dialect == Dialect::V2 { &published.v2 } else { &published.v3 };
        return schema.clone();
    }
    let mut schema = shape(dialect, ty);
    if let Some(text) = describe(ty, None) {
        schema["description"] = text.into();
    }
    if ty.shape != Shape::Object {
        return schema;
    }
    let properties: Map<String, Value> = ty
        .fields()
        .iter()
        .map(|field| (field.name.to_owned(), property(dialect, field, describe(ty, Some(field.name)))))
        .collect();
    let required: Vec<&str> = ty.fields().iter().filter(|field| field.required).map(|field| field.name).collect();
    if !properties.is_empty() {
        schema["properties"] = properties.into();
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if ty.atomic {
        schema["x-kubernetes-map-type"] = "atomic".into();
    }
    if !ty.kinds.is_empty() {
        let kinds = ty.kinds.iter().map(|k| json!({"group": k.group, "version": k.version, "kind": k.kind}));
        schema["x-kubernetes-group-version-kind"] = kinds.collect();
    }
    schema
}

/// What JSON allows for a type as a whole.
fn shape(dialect: Dialect, ty: &Type) -> Value {
    let v3 = dialect == Dialect::V3;
    match ty.shape {
        Shape::Object | Shape::Raw | Shape::JsonObject => json!({"type": "object"}),
        Shape::Quantity if v3 => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        Shape::IntOrString if v3 => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        Shape::IntOrString => json!({"format": "int-or-string", "type": "string"}),
        Shape::Quantity | Shape::Duration => json!({"type": "string"}),
        Shape::Time | Shape::MicroTime => json!({"format": "date-time", "type": "string"}),
        Shape::Strings => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Json | Shape::OrBool | Shape::OrArray | Shape::OrStrings => json!({}),
    }
}

fn property(dialect: Dialect, field: &Field, description: Option<String>) -> Value {
    let item = value(dialect, field);
    let mut property = match field.container {
        Container::List => json!({"type": "array", "items": item}),
        Container::Map => json!({"type": "object", "additionalProperties": item}),
        Container::One => item,
    };
    let mut more = Map::new();
    if let Some(description) = description {
        more.insert("description".into(), description.into());
    }
    if let Some(default) = field.default.and_then(|text| serde_json::from_str(text).ok()) {
        more.insert("default".into(), default);
    }
    extensions(field, &mut more);
    if let Some(reference) = property.get("$ref").filter(|_| dialect == Dialect::V3 && !more.is_empty()) {
        // beside a reference v3 reads nothing
        property = json!({"allOf": [{"$ref": reference}]});
    }
    if let Value::Object(object) = &mut property {
        object.extend(more);
    }
    property
}

fn value(dialect: Dialect, field: &Field) -> Value {
    match field.kind {
        FieldType::String => match field.closed {
            Some(closed) => json!({"type": "string", "enum": closed.values}),
            None => json!({"type": "string"}),
        },
        FieldType::Int32 => json!({"type": "integer", "format": "int32"}),
        FieldType::Int64 => json!({"type": "integer", "format": "int64"}),
        FieldType::Double => json!({"type": "number", "format": "double"}),
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Bytes => json!({"type": "string", "format": "byte"}),
        FieldType::Object(ty) if ty.shape == Shape::Strings => shape(dialect, ty),
        FieldType::Object(ty) => dialect.reference(ty),
    }
}

fn extensions(field: &Field, out: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| out.insert(format!("x-kubernetes-{name}"), value);
    match field.list {
        ListType::Unspecified => {}
        ListType::Atomic => drop(set("list-type", "atomic".into())),
        ListType::Set => drop(set("list-type", "set".into())),
        ListType::Map => {
            set("list-type", "map".into());
            set("list-map-keys", field.keys.into());
        }
    }
    if field.atomic {
        set("map-type", "atomic".into());
    }
    if let Some(key) = field.merge_key {
        set("patch-merge-key", key.into());
    }
    let MergeStrategy { merge, replace, retain_keys } = field.merge;
    let named = [("merge", merge), ("replace", replace), ("retainKeys", retain_keys)];
    let names: Vec<&str> = named.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    if !names.is_empty() {
        set("patch-strategy", names.join(",").into());
    }
}
