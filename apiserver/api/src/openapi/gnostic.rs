//! OpenAPI v2 as `openapi.v2.Document`, the protobuf that older clients insist on. Numbers as in gnostic's `OpenAPIv2.proto`.

use serde_json::{Map, Value};

use crate::protobuf::wire::Writer;

type Object = Map<String, Value>;

pub(super) fn document(document: &Value) -> Vec<u8> {
    let mut out = Writer::default();
    text(&mut out, 1, &document["swagger"]);
    nested(&mut out, 2, |out| {
        text(out, 1, &document["info"]["title"]);
        text(out, 2, &document["info"]["version"]);
    });
    nested(&mut out, 8, |out| {
        for (path, item) in members(&document["paths"]) {
            named(out, 2, path, |out| path_item(out, item));
        }
    });
    nested(&mut out, 9, |out| named_schemas(out, &document["definitions"]));
    out.into_bytes()
}

fn path_item(out: &mut Writer, item: &Value) {
    for (number, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (6, "options"), (7, "head"), (8, "patch")] {
        if item.get(method).is_some() {
            nested(out, number, |out| operation(out, &item[method]));
        }
    }
    parameters(out, 9, &item["parameters"]);
}

fn operation(out: &mut Writer, operation: &Value) {
    texts(out, 1, &operation["tags"]);
    text(out, 3, &operation["description"]);
    text(out, 5, &operation["operationId"]);
    texts(out, 6, &operation["produces"]);
    texts(out, 7, &operation["consumes"]);
    parameters(out, 8, &operation["parameters"]);
    nested(out, 9, |out| {
        for (code, response) in members(&operation["responses"]) {
            // NamedResponseValue → ResponseValue → Response
            named(out, 1, code, |out| nested(out, 1, |out| self::response(out, response)));
        }
    });
    texts(out, 10, &operation["schemes"]);
    extensions(out, 13, operation);
}

fn response(out: &mut Writer, response: &Value) {
    text(out, 1, &response["description"]);
    if response.get("schema").is_some() {
        nested(out, 2, |out| nested(out, 1, |out| schema(out, &response["schema"])));
    }
}

fn parameters(out: &mut Writer, number: u32, list: &Value) {
    for parameter in list.as_array().into_iter().flatten() {
        // ParametersItem → Parameter
        nested(out, number, |out| nested(out, 1, |out| self::parameter(out, parameter)));
    }
}

fn parameter(out: &mut Writer, parameter: &Value) {
    match parameter["in"].as_str() {
        Some("body") => nested(out, 1, |out| {
            text(out, 2, &parameter["name"]);
            text(out, 3, &parameter["in"]);
            flag(out, 4, &parameter["required"]);
            nested(out, 5, |out| schema(out, &parameter["schema"]));
        }),
        Some("path") => nested(out, 2, |out| nested(out, 4, |out| plain_parameter(out, parameter, [5, 19]))),
        _ => nested(out, 2, |out| nested(out, 3, |out| plain_parameter(out, parameter, [6, 20]))),
    }
}

/// `numbers` are those of `type` and `uniqueItems`, in which path and query differ.
fn plain_parameter(out: &mut Writer, parameter: &Value, numbers: [u32; 2]) {
    flag(out, 1, &parameter["required"]);
    text(out, 2, &parameter["in"]);
    text(out, 4, &parameter["name"]);
    text(out, numbers[0], &parameter["type"]);
    flag(out, numbers[1], &parameter["uniqueItems"]);
}

fn schema(out: &mut Writer, schema: &Value) {
    text(out, 1, &schema["$ref"]);
    text(out, 2, &schema["format"]);
    text(out, 4, &schema["description"]);
    if let Some(default) = schema.get("default") {
        nested(out, 5, |out| any(out, default));
    }
    texts(out, 19, &schema["required"]);
    for value in schema["enum"].as_array().into_iter().flatten() {
        nested(out, 20, |out| any(out, value));
    }
    if schema.get("additionalProperties").is_some() {
        nested(out, 21, |out| nested(out, 1, |out| self::schema(out, &schema["additionalProperties"])));
    }
    if schema.get("type").is_some() {
        nested(out, 22, |out| text(out, 1, &schema["type"]));
    }
    if schema.get("items").is_some() {
        nested(out, 23, |out| nested(out, 1, |out| self::schema(out, &schema["items"])));
    }
    if schema.get("properties").is_some() {
        nested(out, 25, |out| named_schemas(out, &schema["properties"]));
    }
    extensions(out, 31, schema);
}

fn named_schemas(out: &mut Writer, schemas: &Value) {
    for (name, value) in members(schemas) {
        named(out, 1, name, |out| schema(out, value));
    }
}

fn extensions(out: &mut Writer, number: u32, value: &Value) {
    for (name, extension) in members(value).filter(|(name, _)| name.starts_with("x-")) {
        named(out, number, name, |out| any(out, extension));
    }
}

/// YAML, of which JSON is a part.
fn any(out: &mut Writer, value: &Value) {
    out.string(2, &format!("{value}\n"));
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Object::iter)
}

fn text(out: &mut Writer, number: u32, value: &Value) {
    if let Some(text) = value.as_str() {
        out.string(number, text);
    }
}

fn texts(out: &mut Writer, number: u32, list: &Value) {
    for item in list.as_array().into_iter().flatten() {
        text(out, number, item);
    }
}

fn flag(out: &mut Writer, number: u32, value: &Value) {
    if value == true {
        out.varint(number, 1);
    }
}

fn nested(out: &mut Writer, number: u32, write: impl FnOnce(&mut Writer)) {
    let mut inner = Writer::default();
    write(&mut inner);
    out.bytes(number, &inner.into_bytes());
}

/// A name and a value, as the messages called `Named…` hold them.
fn named(out: &mut Writer, number: u32, name: &str, write: impl FnOnce(&mut Writer)) {
    nested(out, number, |out| {
        out.string(1, name);
        nested(out, 2, write);
    });
}
