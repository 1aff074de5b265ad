//! Request bodies: read, decoded, checked against the schema.

use api::Status;
use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::{
    app::{Call, Row},
    options::FieldValidation,
    response,
};

/// Upstream's limit.
const LIMIT: usize = 3 * 1024 * 1024;
/// Where upstream keeps its kinds: part of a message.
const SCHEME: &str = "pkg/api/legacyscheme/scheme.go:30";
const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

pub(crate) async fn read(body: Body) -> Result<Bytes, Status> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Status::failure(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {LIMIT}")))
        }
        Err(error) => Err(Status::bad_request(format!("unable to read the body of the request: {error}"))),
    }
}

/// The request's content type without parameters; empty when it says none.
pub(crate) fn content_type(call: &Call) -> &str {
    let header = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim()
}

/// Decodes the body of a create or update of `row` and checks it against the schema as `fieldValidation` says. The answer
/// is in `row`'s version and says so.
pub(crate) fn object(call: &mut Call, row: Row, bytes: &Bytes) -> Result<Value, Status> {
    let mut complaints = Vec::new();
    let mut value = decode(call, row.kind.kind, bytes, &mut complaints)?;
    require_kind(&mut value, row.kind.kind, &row.version.api_version())?;
    let validation = call.query.field_validation();
    let schema = api::schema::find(row.version.schema);
    // of the table's types the complaints are put in order before anybody hears them
    let lenient = if schema.is_some() && validation == FieldValidation::Strict { FieldValidation::Warn } else { validation };
    let mut complaints = check_fields(row, lenient, &mut value, complaints)?;
    if complaints.is_empty() {
        return Ok(value);
    }
    if let Some(schema) = schema {
        if is_json(content_type(call)) {
            complaints = api::fields::in_order(schema, bytes, complaints);
        }
        if validation == FieldValidation::Strict {
            return Err(api::fields::strict_refusal(schema, &complaints));
        }
    }
    call.warnings.extend(complaints.iter().flat_map(|complaint| api::fields::warnings(complaint)));
    Ok(value)
}

fn is_json(content_type: &str) -> bool {
    matches!(content_type, "application/json" | "" | "application/x-www-form-urlencoded")
}

/// Decodes a body that is a `kind`, whatever its schema; duplicate fields are added to `complaints`.
pub(crate) fn decode(call: &Call, kind: &str, bytes: &Bytes, complaints: &mut Vec<String>) -> Result<Value, Status> {
    let unreadable = |error: String| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {error} ({})",
            summary(bytes)
        ))
    };
    let nameless = |error: String| unreadable(format!("couldn't get version/kind; json parse error: {error}"));
    let (value, duplicates) = match content_type(call) {
        json if is_json(json) => api::fields::decode_strict(bytes).map_err(nameless)?,
        "application/yaml" | "application/x-yaml" | "text/yaml" => {
            api::fields::yaml(bytes).map_err(|error| nameless(error.replacen("error converting YAML to JSON: ", "", 1)))?
        }
        "application/vnd.kubernetes.protobuf" => (api::protobuf::decode_object(bytes).map_err(unreadable)?, Vec::new()),
        _ => return Err(response::unsupported_body(ACCEPTED)),
    };
    complaints.extend(duplicates.into_iter().map(|said| said.replacen("error converting YAML to JSON: ", "", 1)));
    match &value {
        Value::Object(_) => Ok(value),
        Value::Null if bytes.is_empty() => Err(nameless("unexpected end of JSON input".to_owned())),
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        other => {
            let kind = api::fields::go_kind(other);
            Err(nameless(format!("json: cannot unmarshal {kind} into Go value of type {TYPE_META}")))
        }
    }
}

/// What upstream reads first of any body, as Go prints such a type.
const TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

/// The beginning of a body, so that its sender recognizes it.
fn summary(bytes: &[u8]) -> String {
    const SHOWN: usize = 30;
    let (shown, more) = if bytes.len() > SHOWN { (&bytes[..SHOWN], " ...") } else { (bytes, "") };
    match shown {
        [] => "<empty>".to_owned(),
        [b'{', ..] => format!("{}{more}", String::from_utf8_lossy(shown)),
        _ => shown.iter().map(|byte| format!("{byte:02x}")).chain([more.to_owned()]).collect(),
    }
}

/// A body may leave out what the path says already, but not contradict it.
pub(crate) fn require_kind(value: &mut Value, kind: &str, api_version: &str) -> Result<(), Status> {
    match value["apiVersion"].as_str() {
        None | Some("") => value["apiVersion"] = api_version.into(),
        Some(said) if said != api_version => {
            return Err(Status::bad_request(format!(
                "the API version in the data ({said}) does not match the expected API version ({api_version})"
            )));
        }
        Some(_) => {}
    }
    match value["kind"].as_str() {
        None | Some("") => value["kind"] = kind.into(),
        Some(said) if said != kind => {
            return Err(Status::bad_request(format!(
                "{said} in version {:?} cannot be handled as a {kind}: no kind {said:?} is registered for version {api_version:?} in scheme {SCHEME:?}",
                api_version.rsplit('/').next().unwrap_or_default()
            )));
        }
        Some(_) => {}
    }
    Ok(())
}

/// Takes out what the schema does not know; the answer is what to warn of, unless the client wants unknown fields refused.
pub(crate) fn check_fields(
    row: Row,
    validation: FieldValidation,
    value: &mut Value,
    mut complaints: Vec<String>,
) -> Result<Vec<String>, Status> {
    let Some(schema) = row.schema() else { return Ok(complaints) };
    complaints.extend(match row.kind.custom {
        Some(custom) => custom.conform(value),
        None => api::fields::conform(schema, value).map_err(|why| api::fields::refusal(schema, &why))?,
    });
    match validation {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Strict if !complaints.is_empty() => Err(api::fields::strict_refusal(schema, &complaints)),
        FieldValidation::Warn | FieldValidation::Strict => Ok(complaints),
    }
}
