//! Schemas: what OpenAPI v3 may be used for.

use serde_json::Value;

use super::{rules, structural};
use crate::{
    custom::{self, schema::Schema},
    field::Error,
    kinds::read::{at, list, text},
};

/// What a schema's root may say where status is written apart, as upstream's struct calls it and as JSON does.
const AT_ROOT: [(&str, &str); 22] = [
    ("Description", "description"),
    ("Type", "type"),
    ("Format", "format"),
    ("Title", "title"),
    ("Maximum", "maximum"),
    ("ExclusiveMaximum", "exclusiveMaximum"),
    ("Minimum", "minimum"),
    ("ExclusiveMinimum", "exclusiveMinimum"),
    ("MaxLength", "maxLength"),
    ("MinLength", "minLength"),
    ("Pattern", "pattern"),
    ("MaxItems", "maxItems"),
    ("MinItems", "minItems"),
    ("UniqueItems", "uniqueItems"),
    ("MultipleOf", "multipleOf"),
    ("Required", "required"),
    ("Items", "items"),
    ("Properties", "properties"),
    ("ExternalDocs", "externalDocs"),
    ("Example", "example"),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields"),
    ("XValidations", "x-kubernetes-validations"),
];
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const META: [&str; 3] = ["metadata", "kind", "apiVersion"];

/// Where a schema stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    root: bool,
    /// Within what every object has, or what an object within the object has.
    in_meta: bool,
    /// Why there may be no default.
    no_default: Option<&'a str>,
}

pub(super) fn check(errors: &mut Vec<Error>, path: &str, schema: &Value, has_status: bool) {
    let before = errors.len();
    if has_status {
        root(errors, path, schema);
    }
    if schema["nullable"] == true {
        errors.push(Error::forbidden(format!("{path}.nullable"), "nullable cannot be true at the root"));
    }
    walk(errors, path, schema, Place { root: true, ..Place::default() });
    let structural = structural::check(path, schema);
    let decoded = Schema::read(schema);
    if structural.is_empty() {
        defaults(errors, path, schema, &decoded, true);
    }
    errors.extend(structural);
    // what is said of rules rests on the schema's being sound
    if errors.len() == before {
        rules::check(errors, path, schema, &decoded);
    }
}

fn root(errors: &mut Vec<Error>, path: &str, schema: &Value) {
    let said =
        schema.as_object().into_iter().flatten().filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
    for (name, value) in said {
        if name == "type" && value != "object" {
            let detail =
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
            errors.push(Error::invalid(format!("{path}.type"), value.clone(), detail));
            return;
        }
        if !AT_ROOT.iter().any(|(_, known)| known == name) {
            let known: Vec<&str> = AT_ROOT.iter().map(|(name, _)| *name).collect();
            let detail = format!(
                "only [{}] fields are allowed at the root of the schema if the status subresource is enabled",
                known.join(" ")
            );
            errors.push(Error::invalid(path, schema.clone(), detail));
            return;
        }
    }
}

fn walk(errors: &mut Vec<Error>, path: &str, schema: &Value, place: Place<'_>) {
    if !schema.is_object() {
        return;
    }
    unsupported(errors, path, schema, place);
    if schema["uniqueItems"] == true {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(Error::forbidden(format!("{path}.uniqueItems"), detail));
    }
    let below = Place { root: false, ..place };
    let additional = &schema["additionalProperties"];
    if !additional.is_null() {
        let properties = schema["properties"].as_object().is_some_and(|properties| !properties.is_empty());
        if properties && *additional != Value::Bool(true) {
            let detail = "additionalProperties and properties are mutual exclusive";
            errors.push(Error::forbidden(format!("{path}.additionalProperties"), detail));
        }
        let reason = "inside additionalProperties applying to object metadata";
        let place = if place.in_meta { Place { no_default: Some(reason), ..below } } else { below };
        walk(errors, &format!("{path}.additionalProperties"), additional, place);
    }
    for (name, property) in custom::schema::members(&schema["properties"]) {
        let meta = (place.root || schema["x-kubernetes-embedded-resource"] == true) && META.contains(&name.as_str());
        let reason = format!("in top-level {name}");
        let place = match (meta, place.root) {
            (true, true) => Place { in_meta: true, no_default: Some(&reason), ..below },
            (true, false) => Place { in_meta: true, ..below },
            (false, _) => below,
        };
        walk(errors, &format!("{path}.properties[{name}]"), property, place);
    }
    walk(errors, &format!("{path}.not"), &schema["not"], below);
    for name in ["allOf", "oneOf", "anyOf"] {
        for (i, one) in list(schema, &[name]).iter().enumerate() {
            walk(errors, &format!("{path}.{name}[{i}]"), one, below);
        }
    }
    walk(errors, &format!("{path}.items"), &schema["items"], below);
    extensions(errors, path, schema);
}

fn unsupported(errors: &mut Vec<Error>, path: &str, schema: &Value, place: Place<'_>) {
    let ty = text(schema, &["type"]);
    if ty == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(Error::forbidden(format!("{path}.type"), detail));
    }
    if !ty.is_empty() && !TYPES.contains(&ty) {
        errors.push(Error::not_supported(format!("{path}.type"), ty, &TYPES));
    }
    if let Some(reason) = place.no_default.filter(|_| !schema["default"].is_null()) {
        errors.push(Error::forbidden(format!("{path}.default"), format!("must not be set {reason}")));
    }
    for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        let said = match &schema[name] {
            Value::Null => false,
            Value::Object(members) => !members.is_empty() || name != "definitions",
            Value::String(text) => !text.is_empty(),
            _ => true,
        };
        if said {
            errors.push(Error::forbidden(format!("{path}.{name}"), format!("{name} is not supported")));
        }
    }
    if schema["items"].is_array() {
        errors.push(Error::forbidden(format!("{path}.items"), "items must be a schema object and not an array"));
    }
    if place.in_meta && schema["x-kubernetes-embedded-resource"] == true {
        let detail = "must not be used inside of resource meta";
        errors.push(Error::forbidden(format!("{path}.x-kubernetes-embedded-resource"), detail));
    }
}

fn extensions(errors: &mut Vec<Error>, path: &str, schema: &Value) {
    let x = |name: &str| format!("{path}.x-kubernetes-{name}");
    if schema["x-kubernetes-preserve-unknown-fields"] == false {
        errors.push(Error::invalid(x("preserve-unknown-fields"), false, "must be true or undefined"));
    }
    let ty = text(schema, &["type"]);
    let needs = |errors: &mut Vec<Error>, wanted: &str, extension: &str| {
        let detail = format!("must be {wanted} if x-kubernetes-{extension} is specified");
        match ty {
            known if known == wanted => {}
            "" => errors.push(Error::required(format!("{path}.type"), detail)),
            other => errors.push(Error::invalid(format!("{path}.type"), other, detail)),
        }
    };
    if let Some(map_type) = schema["x-kubernetes-map-type"].as_str() {
        needs(errors, "object", "map-type");
        if !matches!(map_type, "atomic" | "granular") {
            errors.push(Error::not_supported(x("map-type"), map_type, &["atomic", "granular"]));
        }
    }
    let list_type = schema["x-kubernetes-list-type"].as_str();
    if let Some(list_type) = list_type {
        needs(errors, "array", "list-type");
        if !matches!(list_type, "atomic" | "set" | "map") {
            errors.push(Error::not_supported(x("list-type"), list_type, &["atomic", "set", "map"]));
        }
    }
    let keys = list(schema, &["x-kubernetes-list-map-keys"]);
    let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    match list_type {
        _ if keys.is_empty() => {}
        None => errors.push(Error::required(x("list-type"), detail)),
        Some("map") => {}
        Some(other) => errors.push(Error::invalid(x("list-type"), other, detail)),
    }
    let items = &schema["items"];
    match list_type {
        Some("set") => set(errors, path, items),
        Some("map") => map(errors, path, keys, items),
        _ => {}
    }
    if matches!(list_type, Some("set" | "map")) && items["nullable"] == true {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {}", list_type.unwrap_or_default());
        errors.push(Error::forbidden(format!("{path}.items.nullable"), detail));
    }
}

fn set(errors: &mut Vec<Error>, path: &str, items: &Value) {
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let said = |name: &str| items[name].as_str();
    match text(items, &["type"]) {
        "array" if said("x-kubernetes-list-type").is_some_and(|ty| ty != "atomic") => {
            let value = items["x-kubernetes-list-type"].clone();
            errors.push(Error::invalid(format!("{path}.items.x-kubernetes-list-type"), value, detail));
        }
        "object" if said("x-kubernetes-map-type") != Some("atomic") => {
            let value = items["x-kubernetes-map-type"].clone();
            errors.push(Error::invalid(format!("{path}.items.x-kubernetes-map-type"), value, detail));
        }
        _ => {}
    }
}

fn map(errors: &mut Vec<Error>, path: &str, keys: &[Value], items: &Value) {
    let place = format!("{path}.x-kubernetes-list-map-keys");
    if keys.is_empty() {
        errors.push(Error::required(place.clone(), "must not be empty if x-kubernetes-list-type is map"));
    }
    if items.is_null() {
        errors.push(Error::required(format!("{path}.items"), "must have a schema if x-kubernetes-list-type is map"));
        return;
    }
    if items["type"] != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(Error::invalid(format!("{path}.items.type"), text(items, &["type"]), detail));
        return;
    }
    let required = list(items, &["required"]);
    for (i, key) in keys.iter().enumerate() {
        let name = key.as_str().unwrap_or_default();
        let property = at(items, &["properties", name]);
        let below = format!("{path}.items.properties[{name}]");
        if property.is_null() {
            errors.push(Error::invalid(place.clone(), keys.to_vec(), "entries must all be names of item properties"));
        } else {
            if matches!(text(property, &["type"]), "array" | "object") {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.push(Error::invalid(format!("{below}.type"), property["type"].clone(), detail));
            }
            if !required.contains(key) && property["default"].is_null() {
                let detail =
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                errors.push(Error::required(format!("{below}.default"), detail));
            }
            if property["nullable"] == true {
                let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                errors.push(Error::forbidden(format!("{below}.nullable"), detail));
            }
        }
        if keys[..i].contains(key) {
            errors.push(Error::invalid(place.clone(), keys.to_vec(), "must not contain duplicate entries"));
        }
    }
}

/// Defaults are values of their schemas, with nothing in them that would be dropped.
fn defaults(errors: &mut Vec<Error>, path: &str, schema: &Value, decoded: &Schema, root: bool) {
    if let Some(default) = decoded.default.as_ref().filter(|default| !default.is_null()) {
        let at = format!("{path}.default");
        let mut pruned = default.clone();
        custom::prune::prune_part(decoded, &mut pruned);
        if pruned != *default {
            errors.push(Error::invalid(at.clone(), default.clone(), "must not have unknown fields"));
        }
        errors.extend(custom::validate::part(decoded, default).into_iter().map(|error| Error {
            field: match error.field.as_str() {
                "" => at.clone(),
                below => format!("{at}.{below}"),
            },
            ..error
        }));
    }
    if let Some(items) = &decoded.items {
        defaults(errors, &format!("{path}.items"), &schema["items"], items, false);
    }
    for (name, below) in decoded.properties.iter().filter(|(name, _)| !(root && META.contains(&name.as_str()))) {
        defaults(errors, &format!("{path}.properties[{name}]"), &schema["properties"][name], below, false);
    }
}
