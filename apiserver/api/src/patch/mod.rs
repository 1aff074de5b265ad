//! Patches: pure functions from a current object and a patch to the patched object.

mod error;
/// RFC 6902.
mod json;
/// Where list items stand after a merge.
mod order;
/// What the schema says of a field.
mod rule;
/// Maps and lists merged by the schema.
mod strategic;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use error::go;

use crate::{Status, schema::Type};

/// Applies a JSON patch (RFC 6902).
///
/// # Errors
/// 400 for a `patch` that is not one, 413 for too many operations, 422 for an operation that does not apply.
pub fn json(current: &Value, patch: &Value) -> Result<Value, Status> {
    json::apply(current, patch)
}

/// Applies a JSON merge patch (RFC 7386).
pub fn merge(current: &Value, patch: &Value) -> Value {
    let mut merged = current.clone();
    json_patch::merge(&mut merged, patch);
    merged
}

/// Applies a strategic merge patch to an object of type `schema`.
///
/// # Errors
/// 400 for directives in the wrong form, 422 for lists of lists, 500 for items without their merge key: upstream's codes.
pub fn strategic(schema: &'static Type, current: &Value, patch: &Value) -> Result<Value, Status> {
    strategic::apply(schema, current, patch).map_err(Status::from)
}
