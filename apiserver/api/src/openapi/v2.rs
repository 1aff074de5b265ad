//! OpenAPI v2: one document for all groups, which clients before 1.27 read.

use serde_json::{Map, Value, json};

use super::{
    Describe,
    operation::{self, Answer, Body, DELETE_OPTIONS, Operation, PATCH, PathItem, UNAUTHORIZED},
    schemas::{self, Dialect},
};
use crate::schema::find;

const DIALECT: Dialect = Dialect::V2;

pub(super) fn document(items: &[PathItem], describe: Describe<'_>) -> Value {
    let paths: Map<String, Value> = items.iter().map(|item| (item.path.clone(), path_item(item))).collect();
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.35.0"},
        "paths": paths,
        "definitions": schemas::closure(DIALECT, operation::types(items), describe),
    })
}

fn path_item(item: &PathItem) -> Value {
    let mut parameters: Vec<Value> = item
        .parameters
        .iter()
        .map(|name| json!({"name": name, "in": "path", "required": true, "type": "string", "uniqueItems": true}))
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
    let schema = match operation.answer {
        Answer::Object(ty) | Answer::List(ty) => DIALECT.reference(ty),
        Answer::Text => json!({"type": "string"}),
    };
    let mut responses = Map::new();
    for (code, description) in operation.codes {
        responses.insert((*code).into(), json!({"description": description, "schema": schema}));
    }
    responses.insert(UNAUTHORIZED.0.into(), json!({"description": UNAUTHORIZED.1}));
    let produces: Vec<&str> = match operation.answer {
        Answer::List(_) => [operation.media.produced, operation.media.streamed].concat(),
        Answer::Object(_) => operation.media.produced.to_vec(),
        Answer::Text => vec!["text/plain"],
    };
    let consumes = if matches!(operation.body, Some(Body::Patch)) { operation.media.patches.to_vec() } else { vec!["*/*"] };
    let mut parameters: Vec<Value> = operation.body.iter().map(body).collect();
    parameters.extend(operation.query.iter().map(|q| query(q.0, q.1)));
    let mut value = json!({
        "description": operation.description,
        "operationId": operation.id,
        "tags": [operation.tag],
        "schemes": ["https"],
        "consumes": consumes,
        "produces": produces,
        "responses": responses,
    });
    if !parameters.is_empty() {
        value["parameters"] = parameters.into();
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
    json!({"name": name, "in": "query", "type": ty, "uniqueItems": true})
}

fn body(body: &Body) -> Value {
    let named = |name| find(name).map_or_else(|| json!({"type": "object"}), |ty| DIALECT.reference(ty));
    let (schema, required) = match body {
        Body::Object(ty) => (DIALECT.reference(ty), true),
        Body::Patch => (named(PATCH), true),
        Body::DeleteOptions => (named(DELETE_OPTIONS), false),
    };
    let mut parameter = json!({"name": "body", "in": "body", "schema": schema});
    if required {
        parameter["required"] = true.into();
    }
    parameter
}
