//! Schemas: that they are structural. Every value has one type and one place where it is described; what is under `allOf`, `anyOf`, `oneOf`
//! and `not` only restricts it further.

use serde_json::{Value, json};

use crate::{
    custom::schema::members,
    field::Error,
    kinds::read::{list, text},
};

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Sorted, as upstream has them.
pub(super) fn check(path: &str, schema: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(&mut errors, path, schema, Level::Root);
    complete(&mut errors, path, schema);
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

fn walk(errors: &mut Vec<Error>, path: &str, schema: &Value, level: Level) {
    if !schema.is_object() {
        return;
    }
    let ty = text(schema, &["type"]);
    if ty == "array" && schema["items"].is_null() {
        errors.push(Error::required(format!("{path}.items"), "must be specified"));
    }
    walk(errors, &format!("{path}.items"), &schema["items"], Level::Item);
    for (name, property) in members(&schema["properties"]) {
        walk(errors, &format!("{path}.properties[{name}]"), property, Level::Field);
    }
    let additional = &schema["additionalProperties"];
    if !additional.is_null() {
        if level == Level::Root {
            errors.push(Error::forbidden(format!("{path}.additionalProperties"), "must not be used at the root"));
        }
        walk(errors, &format!("{path}.additionalProperties"), additional, Level::Field);
    }
    let x = |name: &str| schema[format!("x-kubernetes-{name}").as_str()] == true;
    let (either, open, embedded) = (x("int-or-string"), x("preserve-unknown-fields"), x("embedded-resource"));
    let not_either = "must be false if x-kubernetes-int-or-string is true";
    if either && open {
        errors.push(Error::invalid(format!("{path}.x-kubernetes-preserve-unknown-fields"), true, not_either));
    }
    if either && embedded {
        errors.push(Error::invalid(format!("{path}.x-kubernetes-embedded-resource"), true, not_either));
    }
    restrictions(errors, path, schema, is_int_or_string(&schema["anyOf"]), is_int_or_string(&schema["allOf"][0]["anyOf"]));
    if embedded && ty != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(match ty {
            "" => Error::required(format!("{path}.type"), detail),
            other => Error::invalid(format!("{path}.type"), other, detail),
        });
    } else if ty.is_empty() && !either && !open {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(Error::required(format!("{path}.type"), detail));
    }
    if embedded && !additional.is_null() {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(Error::forbidden(format!("{path}.additionalProperties"), detail));
    }
    if level == Level::Root && !ty.is_empty() && ty != "object" {
        errors.push(Error::invalid(format!("{path}.type"), ty, "must be object at the root"));
    }
    meta(errors, path, schema, level, embedded);
    let nothing = schema["properties"].as_object().is_none_or(serde_json::Map::is_empty);
    if embedded && !open && nothing {
        let detail =
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.push(Error::required(format!("{path}.properties"), detail));
    }
}

/// What every object has is known already.
fn meta(errors: &mut Vec<Error>, path: &str, schema: &Value, level: Level, embedded: bool) {
    let whole = level == Level::Root || embedded;
    for name in ["kind", "apiVersion"] {
        let property = &schema["properties"][name];
        if whole && property.is_object() && property["type"] != "string" {
            let value = text(property, &["type"]);
            errors.push(Error::invalid(format!("{path}.properties[{name}].type"), value, "must be string"));
        }
    }
    let metadata = &schema["properties"]["metadata"];
    if !metadata.is_object() {
        return;
    }
    if whole && metadata["type"] != "object" {
        let value = text(metadata, &["type"]);
        errors.push(Error::invalid(format!("{path}.properties[metadata].type"), value, "must be object"));
    }
    let allowed = |name: &String| match name.as_str() {
        "type" | "description" | "title" | "default" => true,
        "properties" => members(&metadata["properties"]).all(|(name, _)| name == "name" || name == "generateName"),
        _ => false,
    };
    if level == Level::Root && !members(metadata).all(|(name, _)| allowed(name)) {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.push(Error::forbidden(format!("{path}.properties[metadata]"), detail));
    }
}

fn is_int_or_string(any_of: &Value) -> bool {
    *any_of == json!([{ "type": "integer" }, { "type": "string" }])
}

/// What is under junctors; the two forms of "integer or string" are passed over.
fn restrictions(errors: &mut Vec<Error>, path: &str, schema: &Value, skip_any: bool, skip_first: bool) {
    for name in ["anyOf", "allOf", "oneOf"] {
        for (i, nested) in list(schema, &[name]).iter().enumerate().filter(|_| !(name == "anyOf" && skip_any)) {
            restriction(errors, &format!("{path}.{name}[{i}]"), nested, name == "allOf" && i == 0 && skip_first);
        }
    }
    if schema["not"].is_object() {
        restriction(errors, &format!("{path}.not"), &schema["not"], false);
    }
    let pattern = text(schema, &["pattern"]);
    if let Some(Err(why)) = (!pattern.is_empty()).then(|| regex::Regex::new(pattern)) {
        let detail = format!("must be a valid regular expression, but isn't: {why}");
        errors.push(Error::invalid(format!("{path}.pattern"), pattern, detail));
    }
}

fn restriction(errors: &mut Vec<Error>, path: &str, nested: &Value, skip_any: bool) {
    restrictions(errors, path, nested, skip_any, false);
    if nested["items"].is_object() {
        restriction(errors, &format!("{path}.items"), &nested["items"], false);
    }
    for (name, property) in members(&nested["properties"]) {
        restriction(errors, &format!("{path}.properties[{name}]"), property, false);
    }
    for (name, must) in [
        ("type", "empty"),
        ("additionalProperties", "undefined"),
        ("default", "undefined"),
        ("title", "empty"),
        ("description", "empty"),
        ("nullable", "false"),
        ("x-kubernetes-preserve-unknown-fields", "false"),
        ("x-kubernetes-embedded-resource", "false"),
        ("x-kubernetes-int-or-string", "false"),
        ("x-kubernetes-list-map-keys", "empty"),
        ("x-kubernetes-list-type", "undefined"),
        ("x-kubernetes-map-type", "undefined"),
        ("x-kubernetes-validations", "empty"),
    ] {
        let said = match &nested[name] {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        };
        if said {
            errors.push(Error::forbidden(format!("{path}.{name}"), format!("must be {must} to be structural")));
        }
    }
    if !nested["properties"]["metadata"].is_null() {
        let detail = "must not be specified in a nested context";
        errors.push(Error::forbidden(format!("{path}.properties[metadata]"), detail));
    }
}

/// What is restricted must be described, too.
fn complete(errors: &mut Vec<Error>, path: &str, schema: &Value) {
    described(errors, (path, schema), (path, schema));
    for (name, property) in members(&schema["properties"]) {
        complete(errors, &format!("{path}.properties[{name}]"), property);
    }
    for name in ["items", "additionalProperties"] {
        if schema[name].is_object() {
            complete(errors, &format!("{path}.{name}"), &schema[name]);
        }
    }
}

fn described(errors: &mut Vec<Error>, (path, schema): (&str, &Value), (nested_path, nested): (&str, &Value)) {
    let mut one = |below: &Value, at: String| {
        if !below.is_object() {
            return;
        }
        if below["items"].is_object() {
            let (path, at) = (format!("{path}.items"), format!("{at}.items"));
            match schema["items"].is_object() {
                true => described(errors, (&path, &schema["items"]), (&at, &below["items"])),
                false => errors.push(Error::required(path, format!("because it is defined in {at}"))),
            }
        }
        for (name, property) in members(&below["properties"]) {
            let (path, at) = (format!("{path}.properties[{name}]"), format!("{at}.properties[{name}]"));
            match schema["properties"].get(name) {
                Some(own) => described(errors, (&path, own), (&at, property)),
                None => errors.push(Error::required(path, format!("because it is defined in {at}"))),
            }
        }
        described(errors, (path, schema), (&at, below));
    };
    for name in ["allOf", "anyOf", "oneOf"] {
        for (i, below) in list(nested, &[name]).iter().enumerate() {
            one(below, format!("{nested_path}.{name}[{i}]"));
        }
    }
    one(&nested["not"], format!("{nested_path}.not"));
}
