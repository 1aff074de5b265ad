//! PATCH: JSON, merge and strategic merge patches, from the current object until nobody else was faster.

use api::{Object, Status, custom::Custom, field, fields, patch, schema::Type};
use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::Value;
use store::Expect;

use super::{
    apply, body,
    managed::Tracking,
    metadata, render,
    update::expected,
    write::{self, Part},
};
use crate::{
    app::{App, Call, Row},
    options::FieldValidation,
    response,
};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// A body whose format is known.
pub(super) enum Patch {
    Merge(Merge),
    /// A configuration to apply.
    Apply(Value),
}

/// What a patch is for.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) schema: Option<&'static Type>,
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) kind: &'a str,
    /// A kind whose schema is no type of the table's: it knows no merge keys.
    pub(super) custom: Option<Custom>,
}

impl Target<'static> {
    pub(super) fn of(row: Row) -> Self {
        let custom = row.kind.custom;
        let schema = row.schema().filter(|_| custom.is_none());
        Self { schema, group: row.version.group, version: row.version.version, kind: row.kind.kind, custom }
    }
}

/// A patch that changes what is there.
pub(super) struct Merge {
    format: Format,
    patch: Value,
    /// What is wrong with the patch's own text.
    complaints: Vec<String>,
    validation: FieldValidation,
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Json,
    Merge,
    Strategic,
}

pub(super) async fn patch(
    app: &App,
    call: &mut Call,
    row: Row,
    part: Part,
    request: Body,
) -> Result<Response<Body>, Status> {
    let target = Target::of(row);
    let patch = match Patch::read(call, target, request).await? {
        Patch::Merge(patch) => patch,
        Patch::Apply(config) => return apply::apply(app, call, row, part, &config).await,
    };
    let info = call.info.clone();
    let key = row.key(&info);
    let edit = |current: &Object, old: &Value, warnings: &mut Vec<String>| {
        let converted = (!row.is_hub()).then(|| render::value_in_version(row, current));
        let mut value = patch.apply(target, converted.as_ref().unwrap_or(old), warnings)?;
        body::require_kind(&mut value, row.kind.kind, &row.version.api_version())?;
        metadata::place(row.kind, &info, &mut value)?;
        write::meets(row, current, &Expect { revision: expected(&value)?, uid: None })?;
        write::to_hub(row, &mut value);
        Ok(value)
    };
    let object = write::change(app, call, row, (&key, part, Tracking::Update, &Expect::default()), edit).await?;
    render::object(call, row, StatusCode::OK, &object)
}

impl Patch {
    pub(super) fn tracking(&self) -> Tracking {
        match self {
            Self::Merge(_) => Tracking::Update,
            Self::Apply(_) => Tracking::Applied,
        }
    }

    /// Reads a patch. Where there is no schema nobody knows the merge keys.
    pub(super) async fn read(call: &mut Call, target: Target<'_>, request: Body) -> Result<Self, Status> {
        let format = match (body::content_type(call), target.schema) {
            (JSON, _) => Some(Format::Json),
            (MERGE, _) => Some(Format::Merge),
            (STRATEGIC, Some(_)) => Some(Format::Strategic),
            (APPLY, _) => None,
            (_, Some(_)) => return Err(response::unsupported_body(&[JSON, MERGE, STRATEGIC, APPLY].join(", "))),
            (_, None) => return Err(response::unsupported_body(&[JSON, MERGE, APPLY].join(", "))),
        };
        let bytes = body::read(request).await?;
        call.query.check_write("PatchOptions", Some(format.is_none()))?;
        let Some(format) = format else { return apply::config(call, target, &bytes).map(Self::Apply) };
        let undecodable = |error: String| match format {
            Format::Strategic => Status::bad_request(error),
            Format::Json | Format::Merge => Status::bad_request(format!("error decoding patch: {error}")),
        };
        let (patch, mut complaints) = fields::decode_strict(&bytes).map_err(undecodable)?;
        match (format, &patch) {
            (Format::Json, Value::Array(operations)) => complaints.extend(unknown_members(operations)),
            (Format::Json, Value::Null) | (Format::Merge | Format::Strategic, Value::Object(_) | Value::Null) => {}
            (_, other) => {
                let ty = if format == Format::Json { "[]handlers.jsonPatchOp" } else { "map[string]interface {}" };
                let kind = fields::go_kind(other);
                return Err(undecodable(format!("json: cannot unmarshal {kind} into Go value of type {ty}")));
            }
        }
        if format == Format::Json {
            complaints.iter_mut().for_each(|complaint| complaint.insert_str(0, "json patch "));
        }
        let patch = if patch.is_null() && format != Format::Json { Value::Object(serde_json::Map::new()) } else { patch };
        Ok(Self::Merge(Merge { format, patch, complaints, validation: call.query.field_validation() }))
    }
}

/// Members of JSON patch operations that mean nothing.
fn unknown_members(operations: &[Value]) -> Vec<String> {
    let members = operations.iter().enumerate().flat_map(|(at, operation)| {
        let names = operation.as_object().into_iter().flat_map(|operation| operation.keys());
        names.map(move |name| (at, name)).filter(|(_, name)| !matches!(name.as_str(), "op" | "path" | "from" | "value"))
    });
    members.map(|(at, name)| format!("unknown field \"[{at}].{name}\"")).collect()
}

impl Merge {
    /// The patched state of `before`, in canonical form and checked as `fieldValidation` says.
    pub(super) fn apply(&self, target: Target<'_>, before: &Value, warnings: &mut Vec<String>) -> Result<Value, Status> {
        let schema = target.schema;
        let mut value = match (self.format, schema) {
            (Format::Strategic, Some(schema)) => patch::strategic(schema, before, &self.patch)?,
            (Format::Json, _) => patch::json(before, &self.patch)?,
            (Format::Merge | Format::Strategic, _) => patch::merge(before, &self.patch),
        };
        let refuse = |value: &Value, why: String| {
            let shown = match self.format {
                Format::Strategic => patch::go(&self.patch),
                Format::Json | Format::Merge => value.to_string(),
            };
            Status::invalid_as("", "", "", &[field::Error::invalid("patch", shown, why)])
        };
        // what is refused is shown as it was before unknown fields were dropped from it
        let patched = value.clone();
        let mut complaints = self.complaints.clone();
        if let Some(schema) = schema {
            let conform = if self.format == Format::Strategic { fields::restore } else { fields::conform };
            complaints.extend(conform(schema, &mut value).map_err(|why| refuse(&patched, why))?);
        }
        if let Some(custom) = target.custom {
            complaints.extend(custom.conform(&mut value));
        }
        match self.validation {
            FieldValidation::Strict if !complaints.is_empty() => {
                return Err(refuse(&patched, format!("strict decoding error: {}", complaints.join(", "))));
            }
            FieldValidation::Warn => warnings.extend(complaints),
            FieldValidation::Strict | FieldValidation::Ignore => {}
        }
        Ok(value)
    }
}
