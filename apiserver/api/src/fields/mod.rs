//! Bodies against the schema: duplicate and unknown fields, types, and the canonical form of values; in Go's words, since clients show them.

/// The types of values and their canonical form.
mod conform;
/// JSON to a value, and the fields that came twice.
mod decode;
/// Complaints in the order of the text.
mod ordered;
/// What is not an object in JSON: times, bytes, amounts.
mod scalar;
/// What is wrong with JSON, as Go says it.
mod syntax;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

pub use scalar::go_kind;

use crate::{Status, schema::Type};

/// Decodes JSON; the last of duplicate fields wins, and each is reported as `duplicate field "spec.replicas"`.
///
/// # Errors
/// When `bytes` is not one JSON value, in Go's words.
pub fn decode_strict(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    decode::decode(bytes).map_err(|_| syntax::error(bytes))
}

/// Decodes YAML (and JSON, which is YAML); keys that came twice are reported in Go's words.
///
/// # Errors
/// When `bytes` is not YAML, in Go's words.
pub fn yaml(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    decode::yaml(bytes)
}

/// Makes `value` one of type `schema` in one pass: drops unknown fields and nulls, and writes amounts, times and bytes in their
/// canonical form. The unknown fields are returned as `unknown field "spec.foo"`.
///
/// # Errors
/// The first value of the wrong type, in Go's words; `value` is then good for nothing. See [`refusal`].
pub fn conform(schema: &'static Type, value: &mut Value) -> Result<Vec<String>, String> {
    let report = conform::walk(schema, value);
    report.mismatch.map_or(Ok(report.unknown), |mismatch| Err(mismatch.decoded))
}

/// A complaint as it is sent as warnings.
pub fn warnings(complaint: &str) -> Vec<String> {
    decode::warnings(complaint)
}

/// What is unknown and twice in `text`, JSON, in the order in which Go's decoder finds it. `known` is what [`decode_strict`] and
/// [`conform`] said of it.
pub fn in_order(schema: &'static Type, text: &[u8], known: Vec<String>) -> Vec<String> {
    ordered::complaints(schema, text, known)
}

/// The same of a value that was decoded and merged before, in the words that upstream has then.
///
/// # Errors
/// As for [`conform`].
pub fn restore(schema: &'static Type, value: &mut Value) -> Result<Vec<String>, String> {
    let report = conform::walk(schema, value);
    report.mismatch.map_or(Ok(report.unknown), |mismatch| Err(mismatch.restored))
}

/// The unknown fields of `value`.
pub fn check(schema: &'static Type, value: &Value) -> Vec<String> {
    conform::walk(schema, &mut value.clone()).unknown
}

/// Drops the unknown fields of `value`, and returns them.
pub fn prune(schema: &'static Type, value: &mut Value) -> Vec<String> {
    conform::walk(schema, value).unknown
}

/// The 400 for a body that is not of its type: `why` comes from [`conform`].
pub fn refusal(schema: &Type, why: &str) -> Status {
    let (kind, version) = schema.kinds.first().map_or((schema.short_name(), ""), |kind| (kind.kind, kind.version));
    Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
}

/// The 400 of `fieldValidation=Strict`; `complaints` are those of [`decode_strict`] and [`conform`].
pub fn strict_refusal(schema: &Type, complaints: &[String]) -> Status {
    refusal(schema, &format!("strict decoding error: {}", complaints.join(", ")))
}

/// Where in a body one is; printed only when there is something to say.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Field(&'a str),
    /// A key of a map, which is no field of a Go struct.
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    fn then(&'a self, step: Step<'a>) -> Path<'a> {
        Path { parent: Some(self), step }
    }

    fn steps(&self) -> Vec<&Step<'a>> {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            steps.push(&path.step);
            at = path.parent;
        }
        steps.reverse();
        steps
    }

    /// The fields alone, as Go's decoder tells of them: `spec.template.spec.containers.image`.
    fn fields(&self) -> String {
        let fields = self.steps().into_iter().filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            _ => None,
        });
        fields.collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for step in self.steps() {
            match step {
                Step::Root => continue,
                Step::Field(name) | Step::Key(name) => write!(f, "{dot}{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
            dot = ".";
        }
        Ok(())
    }
}
