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

use super::Version;
use crate::field;

/// Every complaint about a new object.
pub(super) fn new(version: &Version, value: &Value) -> Vec<field::Error> {
    let mut errors = nested::check(&version.schema, value);
    errors.extend(walk::check(&version.schema, value, None));
    errors.extend(lists::check(&version.schema, value));
    errors
}

/// Every complaint about the change of an object.
pub(super) fn change(version: &Version, value: &Value, old: &Value) -> Vec<field::Error> {
    let mut errors = nested::check(&version.schema, value);
    errors.extend(walk::check(&version.schema, value, Some(old)));
    if lists::check(&version.schema, old).is_empty() {
        errors.extend(lists::check(&version.schema, value));
    }
    errors
}
