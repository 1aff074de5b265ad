//! What is not an object in JSON: times, bytes, amounts; each is checked and put into its canonical form.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::quantity::Quantity;

/// What Go's decoder calls the kind of a JSON value.
pub fn go_kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(number) if number.is_f64() => format!("number {number}"),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(_) => "array".into(),
        Value::Object(_) => "object".into(),
    }
}

/// A type that decodes itself does not know the field it stands in.
fn wrong_value(value: &Value, ty: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {ty}", go_kind(value))
}

pub(super) fn quantity(value: &mut Value) -> Result<(), String> {
    match value {
        Value::String(text) => {
            let canonical = Quantity::parse(text)?.to_string();
            if *text != canonical {
                *text = canonical;
            }
            Ok(())
        }
        // a bare number is read as it is written
        other => {
            *other = Quantity::parse(&other.to_string())?.to_string().into();
            Ok(())
        }
    }
}

pub(super) fn int_or_string(value: &Value) -> Result<(), String> {
    match value {
        Value::String(_) => Ok(()),
        Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => Ok(()),
        Value::Number(number) => Err(format!("json: cannot unmarshal number {number} into Go value of type int32")),
        other => Err(wrong_value(other, "int32")),
    }
}

pub(super) fn duration(value: &Value) -> Result<(), String> {
    let Value::String(text) = value else { return Err(wrong_value(value, "string")) };
    crate::protobuf::duration::parse(text).map(|_| ()).ok_or_else(|| format!("time: invalid duration {text:?}"))
}

/// RFC 3339 to whole seconds of UTC, as the API shows times.
pub(super) fn time(value: &mut Value) -> Result<(), String> {
    timestamp(value, "%Y-%m-%dT%H:%M:%SZ", "2006-01-02T15:04:05Z07:00", "1970-01-01T00:00:00Z".len())
}

/// The same with six decimals.
pub(super) fn micro_time(value: &mut Value) -> Result<(), String> {
    let length = "1970-01-01T00:00:00.000000Z".len();
    timestamp(value, "%Y-%m-%dT%H:%M:%S.%6fZ", "2006-01-02T15:04:05.000000Z07:00", length)
}

fn timestamp(value: &mut Value, format: &str, layout: &str, length: usize) -> Result<(), String> {
    let Value::String(text) = value else { return Err(wrong_value(value, "string")) };
    // lower-case or missing marks are valid elsewhere, in Go they are not
    let marked = text.as_bytes().get(10) == Some(&b'T');
    let parsed = text.parse::<jiff::Timestamp>().ok().filter(|_| marked).ok_or_else(|| {
        let (rest, element) = first_mismatch(text);
        format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {element:?}")
    })?;
    if text.len() != length || !text.ends_with('Z') {
        *text = parsed.strftime(format).to_string();
    }
    Ok(())
}

/// What is left of `text` where it stops being RFC 3339, and the element of Go's layout that was expected there.
fn first_mismatch(text: &str) -> (&str, &'static str) {
    const LAYOUT: [&str; 11] = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];
    let mut rest = text;
    for element in LAYOUT {
        let fits = match rest.get(..element.len()) {
            Some(part) if element.len() == 1 => part == element,
            Some(part) => part.bytes().all(|b| b.is_ascii_digit()),
            None => false,
        };
        if !fits {
            return (rest, element);
        }
        rest = &rest[element.len()..];
    }
    (rest, "Z07:00")
}

/// Base64; line breaks are taken out, as Go does.
pub(super) fn bytes(text: &mut String) -> Result<(), String> {
    if text.contains(['\n', '\r']) {
        text.retain(|c| c != '\n' && c != '\r');
    }
    BASE64_STANDARD.decode(text.as_bytes()).map(|_| ()).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol { offset: at, .. } => at,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len(),
        };
        format!("illegal base64 data at input byte {at}")
    })
}
