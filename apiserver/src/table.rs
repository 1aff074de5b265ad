//! Objects as rows and cells, and their metadata alone.

use std::sync::Arc;

use api::{Object, Status};
use serde_json::{Value, json};

use crate::app::{Call, Row};

/// What comes with each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Include {
    pub(crate) fn of(call: &Call) -> Result<Self, Status> {
        match call.query.get("includeObject") {
            "None" => Ok(Self::Nothing),
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Object),
            other => Err(Status::bad_request(format!("unrecognized includeObject value: {other:?}"))),
        }
    }
}

/// `meta.k8s.io` Table in `version`.
pub(crate) fn table(version: &str, row: Row, objects: &[Arc<Object>], include: Include, meta: &Value) -> Value {
    let columns: Vec<Value> = row
        .kind
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name, "type": column.kind, "format": column.format,
                "description": column.description, "priority": column.priority,
            })
        })
        .collect();
    let rows: Vec<Value> = objects.iter().map(|object| table_row(version, row, object, include)).collect();
    json!({
        "kind": "Table",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": meta,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

fn table_row(version: &str, row: Row, object: &Object, include: Include) -> Value {
    let value = object.value();
    let cells: Vec<Value> = row.kind.cells(&value);
    let object = match include {
        Include::Nothing => return json!({ "cells": cells }),
        Include::Metadata => metadata_only(version, &value),
        Include::Object => crate::handlers::render::value_in_version(row, object),
    };
    json!({ "cells": cells, "object": object })
}

/// `meta.k8s.io` PartialObjectMetadata in `version`.
pub(crate) fn metadata_only(version: &str, object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object["metadata"],
    })
}
