//! OpenAPI v3: one document per group and version.

use serde_json::{Map, Value, json};

use super::{
    Describe,
    operation::{self, Answer, Body, DELETE_OPTIONS, Media, Operation, PATCH, PathItem, UNAUTHORIZED},
    schemas::{self, Dialect},
};
use crate::schema::find;

const DIALECT: Dialect = Dialect::V3;

pub(super) fn document(items: &[PathItem], describe: Describe<'_>) -> Value {
    let paths: Map<String, Value> = items.iter().map(|item| (item.path.clone(), path_item(item))).collect();
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.35.0"},
        "paths": paths,
        "components": {"schemas": schemas::closure(DIALECT, operation::types(items), describe)},
    })
}

fn path_item(item: &PathItem) -> Value {
    let mut parameters: Vec<Value> = item
        .parameters
        .iter()
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}}))
        .collect();
    if item.operations.iter().any(|operation| operation.gvk.is_some()) {
        parameters.push(query("pretty", "string"));
    }
    let mut value = Map::new();
    for operation in &item.operations {
        value.insert(operation.method.into(), self::operation(operation));
    }
    if !parameters.is_empty() {
        value.insert("parameters".into(), parameters.into());
    }
    Value::Object(value)
}

fn operation(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (code, description) in operation.codes {
        responses.insert(
            (*code).into(),
            json!({"description": description, "content": answer(operation.answer, operation.media)}),
        );
    }
    responses.insert(UNAUTHORIZED.0.into(), json!({"description": UNAUTHORIZED.1}));
    let mut value = json!({
        "description": operation.description,
        "operationId": operation.id,
        "tags": [operation.tag],
        "responses": responses,
    });
    if !operation.query.is_empty() {
        value["parameters"] = operation.query.iter().map(|q| query(q.0, q.1)).collect();
    }
    if let Some(body) = &operation.body {
        value["requestBody"] = request_body(body, operation.media);
    }
    if !operation.action.is_empty() {
        value["x-kubernetes-action"] = operation.action.into();
    }
    if let Some([group, version, kind]) = &operation.gvk {
        value["x-kubernetes-group-version-kind"] = json!({"group": group, "version": version, "kind": kind});
    }
    value
}

fn query(name: &str, ty: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": ty, "uniqueItems": true}})
}

fn request_body(body: &Body, media: &Media) -> Value {
    let named = |name| find(name).map_or_else(|| json!({"type": "object"}), |ty| DIALECT.reference(ty));
    match body {
        Body::Object(ty) => json!({"required": true, "content": content(&["*/*"], &DIALECT.reference(ty))}),
        Body::Patch => json!({"required": true, "content": content(media.patches, &named(PATCH))}),
        Body::DeleteOptions => json!({"content": content(&["*/*"], &named(DELETE_OPTIONS))}),
    }
}

fn answer(answer: Answer, media: &Media) -> Value {
    match answer {
        Answer::Object(ty) => content(media.produced, &DIALECT.reference(ty)),
        Answer::List(ty) => content(&[media.produced, media.streamed].concat(), &DIALECT.reference(ty)),
        Answer::Text => content(&["text/plain"], &json!({"type": "string"})),
    }
}

fn content(types: &[&str], schema: &Value) -> Value {
    types.iter().map(|name| ((*name).to_owned(), json!({ "schema": schema }))).collect::<Map<_, _>>().into()
}
