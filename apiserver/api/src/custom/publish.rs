//! A version's schema as OpenAPI shows it: what was written, with what every object has, in each dialect's limits.

use serde_json::{Map, Value, json};

use super::schema::members;
use crate::schema::Published;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// `com.example.v1.Ship`: the group's labels turned round, if it has several.
pub(super) fn name(group: &str, version: &str, kind: &str) -> String {
    let mut labels: Vec<&str> = group.split('.').collect();
    labels.reverse();
    format!("{}.{version}.{kind}", labels.join("."))
}

pub(super) fn whole(written: &Value, selectable: &Value, group: &str, version: &str, kind: &str) -> Published {
    let gvk = json!([{ "group": group, "version": version, "kind": kind }]);
    // A client that reads properties here would refuse all others: better it reads none.
    let open = !written.is_object() || written["x-kubernetes-preserve-unknown-fields"] == true;
    let v2 = if open { json!({ "type": "object" }) } else { native(lowered(written.clone()), "#/definitions/") };
    let v3 = match written.is_object() {
        true => native(written.clone(), "#/components/schemas/"),
        false => json!({ "type": "object" }),
    };
    let [v2, v3] = [v2, v3].map(|mut schema| {
        schema["x-kubernetes-group-version-kind"] = gvk.clone();
        if selectable.as_array().is_some_and(|fields| !fields.is_empty()) {
            let paths = members_of(selectable).map(|path| json!({ "fieldPath": path.trim_start_matches('.') }));
            schema["x-kubernetes-selectable-fields"] = paths.collect();
        }
        schema
    });
    Published { v2, v3 }
}

fn members_of(selectable: &Value) -> impl Iterator<Item = &str> {
    selectable.as_array().into_iter().flatten().filter_map(|field| field["jsonPath"].as_str())
}

/// With what every object has.
fn native(mut schema: Value, place: &str) -> Value {
    embedded(&mut schema, place);
    let meta = reference(place);
    let Some(schema_fields) = schema.as_object_mut() else { return schema };
    let properties = schema_fields.entry("properties").or_insert_with(|| json!({}));
    properties["apiVersion"] = json!({ "description": API_VERSION, "type": "string" });
    properties["kind"] = json!({ "description": KIND, "type": "string" });
    properties["metadata"] = meta;
    schema
}

fn reference(place: &str) -> Value {
    let reference = json!({ "$ref": format!("{place}{OBJECT_META}") });
    if place.starts_with("#/definitions") {
        return json!({ "description": METADATA, "$ref": reference["$ref"] });
    }
    json!({ "description": METADATA, "allOf": [reference] })
}

/// Objects inside objects have what every object has, too.
fn embedded(schema: &mut Value, place: &str) {
    for below in children(schema) {
        embedded(below, place);
    }
    let closed = !(place.starts_with("#/definitions") && schema["x-kubernetes-preserve-unknown-fields"] == true);
    if schema["x-kubernetes-embedded-resource"] == true && closed {
        schema["properties"]["apiVersion"] = json!({ "description": API_VERSION, "type": "string" });
        schema["properties"]["kind"] = json!({ "description": KIND, "type": "string" });
        schema["properties"]["metadata"] = reference(place);
        let mut required = super::schema::strings(&schema["required"]);
        for name in ["kind", "apiVersion"] {
            if !required.iter().any(|r| r == name) {
                required.push(name.to_owned());
            }
        }
        schema["required"] = required.into();
    }
}

fn children(schema: &mut Value) -> Vec<&mut Value> {
    let Some(fields) = schema.as_object_mut() else { return Vec::new() };
    let mut all = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "properties" => all.extend(value.as_object_mut().into_iter().flat_map(Map::values_mut)),
            "items" | "additionalProperties" if value.is_object() => all.push(value),
            _ => {}
        }
    }
    all
}

/// Without what OpenAPI v2, or a client that reads it, cannot understand.
fn lowered(mut schema: Value) -> Value {
    let nullable = schema["nullable"] == true;
    let required_of = |schema: &Value| -> Vec<String> {
        let nullable: Vec<&String> =
            members(&schema["properties"]).filter(|(_, p)| p["nullable"] == true).map(|(name, _)| name).collect();
        let required = super::schema::strings(&schema["required"]);
        required.into_iter().filter(|name| !nullable.contains(&name)).collect()
    };
    if schema["required"].is_array() {
        let required = required_of(&schema);
        match required.is_empty() || schema["additionalProperties"]["nullable"] == true {
            true => drop(schema.as_object_mut().map(|fields| fields.remove("required"))),
            false => schema["required"] = required.into(),
        }
    }
    let open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    if let Some(fields) = schema.as_object_mut() {
        for name in ["allOf", "anyOf", "oneOf", "not", "nullable"] {
            fields.remove(name);
        }
        if nullable || open {
            fields.remove("items");
            fields.remove("properties");
        }
        if nullable || (fields.get("type").is_some_and(|ty| ty == "array") && !fields.contains_key("items")) {
            fields.remove("type");
        }
    }
    for below in children(&mut schema) {
        *below = lowered(below.take());
    }
    schema
}
