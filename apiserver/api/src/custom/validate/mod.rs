//! Values against a schema, in upstream's words. What did not change is not complained of: whoever tightens a schema must not
//! lock up the objects that are there.

/// Strings that say they are of some format.
mod format;
/// Lists that are sets or maps.
mod lists;
/// Objects within objects.
mod nested;
#[cfg(test)]
mod tests;
/// One value against one schema, and all below it.
mod walk;

use serde_json::Value;

use super::{Version, rules, schema::Schema};
use crate::field::{self, Problem};

/// Every complaint about a new object.
pub(super) fn new(version: &Version, value: &Value) -> Vec<field::Error> {
    let mut errors = nested::check(&version.schema, value);
    errors.extend(walk::check(&version.schema, value, None));
    errors.extend(lists::check(&version.schema, value));
    ruled(version, value, None, errors)
}

/// Every complaint about the change of an object.
pub(super) fn change(version: &Version, value: &Value, old: &Value) -> Vec<field::Error> {
    let mut errors = nested::check(&version.schema, value);
    errors.extend(walk::check(&version.schema, value, Some(old)));
    if lists::check(&version.schema, old).is_empty() {
        errors.extend(lists::check(&version.schema, value));
    }
    ruled(version, value, Some(old), errors)
}

/// Rules rely on what the schema says otherwise: they are asked when that holds.
fn ruled(version: &Version, value: &Value, old: Option<&Value>, mut errors: Vec<field::Error>) -> Vec<field::Error> {
    let blocks = |error: &field::Error| {
        matches!(
            error.problem,
            Problem::NotSupported | Problem::Required | Problem::TooLong | Problem::TooMany | Problem::TypeInvalid
        )
    };
    if !version.schema.has_rules {
        return errors;
    }
    if errors.iter().any(blocks) {
        let why = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
        errors.push(field::Error::invalid("<nil>", Value::Null, why));
        return errors;
    }
    errors.extend(rules::evaluate(&version.schema, value, old));
    errors
}

/// Complaints about a part of an object: a default.
pub(crate) fn part(schema: &Schema, value: &Value) -> Vec<field::Error> {
    let mut errors = walk::check(schema, value, None);
    errors.extend(lists::check(schema, value));
    errors
}
