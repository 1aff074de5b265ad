//! Paths into objects: of columns, of the scale, of selectable fields.

use serde_json::Value;

use crate::{field::Error, kinds::read::text};

const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// Fields that may be selectable.
const SELECTABLE: usize = 8;

pub(super) fn columns(errors: &mut Vec<Error>, path: &str, columns: &[Value]) {
    for (i, column) in columns.iter().enumerate() {
        let at = |name: &str| format!("{path}[{i}].{name}");
        if text(column, &["name"]).is_empty() {
            errors.push(Error::required(at("name"), ""));
        }
        match text(column, &["type"]) {
            "" => errors.push(Error::required(at("type"), format!("must be one of {}", TYPES.join(",")))),
            known if TYPES.contains(&known) => {}
            other => errors.push(Error::invalid(at("type"), other, format!("must be one of {}", TYPES.join(",")))),
        }
        let format = text(column, &["format"]);
        if !format.is_empty() && !FORMATS.contains(&format) {
            errors.push(Error::invalid(at("format"), format, format!("must be one of {}", FORMATS.join(","))));
        }
        match text(column, &["jsonPath"]) {
            "" => errors.push(Error::required(at("JSONPath"), "")),
            said => simple(errors, &at("JSONPath"), said),
        }
    }
}

pub(super) fn scale(errors: &mut Vec<Error>, path: &str, scale: &Value) {
    if !scale.is_object() {
        return;
    }
    for (name, below) in [("specReplicasPath", "spec"), ("statusReplicasPath", "status")] {
        let (at, said) = (format!("{path}.scale.{name}"), text(scale, &[name]));
        let before = errors.len();
        match said {
            "" => errors.push(Error::required(at, "")),
            said => {
                simple(errors, &at, said);
                if errors.len() == before && !said.starts_with(&format!(".{below}.")) {
                    errors.push(Error::invalid(at, said, format!("should be a json path under .{below}")));
                }
            }
        }
    }
    let selector = text(scale, &["labelSelectorPath"]);
    if !selector.is_empty() {
        let (at, before) = (format!("{path}.scale.labelSelectorPath"), errors.len());
        simple(errors, &at, selector);
        if errors.len() == before && !selector.starts_with(".spec.") && !selector.starts_with(".status.") {
            errors.push(Error::invalid(at, selector, "should be a json path under either .spec or .status"));
        }
    }
}

fn simple(errors: &mut Vec<Error>, at: &str, path: &str) {
    if !path.starts_with('.') {
        errors.push(Error::invalid(at, path, "must be a simple json path starting with ."));
    }
}

pub(super) fn selectable(errors: &mut Vec<Error>, path: &str, fields: &[Value], schema: &Value) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let (at, said) = (format!("{path}[{i}].jsonPath"), text(field, &["jsonPath"]));
        if said.is_empty() {
            errors.push(Error::required(at, ""));
            continue;
        }
        let found = match said.strip_prefix('.') {
            None => Err(format!("expected [ or . but got: {}", said.chars().next().unwrap_or_default())),
            Some(steps) => find(schema, steps),
        };
        match found {
            Err(why) => {
                errors.push(Error::invalid(at, said, format!("is an invalid path: {why}")));
                continue;
            }
            Ok(_) if said.starts_with(".metadata") => {
                errors.push(Error::invalid(at.clone(), said, "must not point to fields in metadata"));
            }
            Ok(found) if !matches!(found["type"].as_str(), Some("string" | "boolean" | "integer")) => {
                let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
                errors.push(Error::invalid(at.clone(), said, detail));
            }
            Ok(_) => {}
        }
        if seen.contains(&said) {
            errors.push(Error::duplicate(at, said));
        } else {
            seen.push(said);
        }
    }
    if seen.len() > SELECTABLE {
        errors.push(Error::too_many(path, seen.len(), SELECTABLE));
    }
}

/// The schema at the path of names.
pub(super) fn find<'a>(schema: &'a Value, steps: &str) -> Result<&'a Value, String> {
    steps.split('.').try_fold(schema, |schema, name| match schema["properties"].get(name) {
        Some(below) => Ok(below),
        None if name == "metadata" || schema["additionalProperties"].is_object() => Ok(&schema["additionalProperties"]),
        None => Err(format!("does not refer to a valid field: {name}")),
    })
}
