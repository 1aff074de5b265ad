//! Kinds that a CustomResourceDefinition describes: their rows, made at run time, and all that their schemas demand.
//!
//! Read in this order.

/// What a table shows: JSONPath into objects.
mod columns;
/// Defaults of a schema, filled in.
mod default;
/// The hooks of a row, whichever sort it is of.
mod hooks;
/// Paths into objects.
pub mod json_path;
/// Which version of a group clients should prefer.
pub mod priority;
/// Unknown fields: taken out, and told.
pub mod prune;
/// A version's schema as OpenAPI shows it.
mod publish;
/// The rows of a definition, made once per content.
mod rows;
/// Rules in CEL.
pub mod rules;
/// What a version's schema says.
pub mod schema;
/// What the server says of a definition.
pub mod status;
/// A version's schema as one of the table's types.
mod types;
/// Values against a schema, in upstream's words.
pub(crate) mod validate;
/// Objects in their versions.
mod versions;

use std::sync::OnceLock;

use serde_json::Value;

use crate::{Kind, kind, schema::Type};
pub(crate) use rows::condition;
pub use rows::rows;
use schema::Schema;

/// A definition that was accepted, as far as serving it needs. Lives for ever: see `docs/decisions/0020`.
#[derive(Debug)]
pub struct Definition {
    /// `plural.group`.
    pub name: String,
    pub list_kind: String,
    /// The version that objects are stored in.
    pub storage: &'static str,
    /// `spec.conversion`.
    pub conversion: Value,
    pub versions: Vec<Version>,
    /// No new object is accepted: the definition is being deleted.
    pub terminating: bool,
    /// Tells what is served from what another content would serve; the same while the definition is being deleted.
    pub fingerprint: u64,
    /// Set once they are made.
    rows: OnceLock<&'static [Kind]>,
}

/// One version of a definition.
#[derive(Debug)]
pub struct Version {
    pub name: &'static str,
    pub api_version: String,
    pub served: bool,
    pub schema: Schema,
    /// The schema as it was written.
    pub written: Value,
    /// Where the values of the columns after the name are; none where the path cannot be read.
    pub columns: Vec<Option<json_path::Path>>,
    /// Selectable fields of this version, as [`crate::kind::Field::path`] writes them.
    pub selectable: Vec<&'static str>,
    /// For patches and documentation: the same schema as one of the table's types.
    pub ty: &'static Type,
    /// Of lists of it.
    pub list: &'static Type,
}

/// What a row that was made at run time knows beyond its data.
#[derive(Clone, Copy, Debug)]
pub struct Custom {
    pub definition: &'static Definition,
    at: usize,
}

impl Definition {
    /// One for each version.
    pub fn rows(&self) -> &'static [Kind] {
        self.rows.get().copied().unwrap_or_default()
    }
}

impl Custom {
    /// The version that the row is about.
    pub fn version(&self) -> &'static Version {
        &self.definition.versions[self.at]
    }

    /// Whether the row's version is the one that objects are stored in.
    pub fn is_stored(&self) -> bool {
        self.version().name == self.definition.storage
    }

    /// Whether `value` is in the row's own version.
    pub fn speaks(&self, value: &Value) -> bool {
        value["apiVersion"] == *self.version().api_version
    }
}

/// Whether `crd`, a CustomResourceDefinition, is ready to be served.
pub fn is_established(crd: &Value) -> bool {
    condition(crd, "Established")
}

impl Kind {
    /// The type of objects in one of the row's versions.
    pub fn type_in(&self, version: &kind::Version) -> Option<&'static Type> {
        self.custom.map_or_else(|| crate::schema::find(version.schema), |custom| Some(custom.version().ty))
    }

    /// The kind of a list.
    pub fn list_kind(&self) -> String {
        self.custom.map_or_else(|| format!("{}List", self.kind), |custom| custom.definition.list_kind.clone())
    }

    /// What objects in the hub version say of themselves when they are stored: a custom one may be stored in another.
    pub(crate) fn stored_api_version(&self, value: &Value) -> String {
        match (self.custom, value["apiVersion"].as_str()) {
            (Some(_), Some(said)) => said.to_owned(),
            _ => self.hub().api_version(),
        }
    }

    /// The values of the selectable fields, in the order of [`Kind::fields`].
    pub fn field_values(&self, value: &Value) -> Box<[Box<str>]> {
        let of = |field: &kind::Field| match self.custom {
            None => (field.value)(value).into_boxed_str(),
            Some(_) => selectable(value, field.path),
        };
        self.fields.iter().map(of).collect()
    }

    /// Whether clients of this row may select by `path`.
    pub fn selects(&self, path: &str) -> bool {
        match self.custom {
            None => self.fields.iter().any(|field| field.path == path),
            Some(custom) => custom.version().selectable.contains(&path),
        }
    }

    /// Whether requests may name this row: built-in kinds always, of a definition the versions that are `served`.
    pub fn is_served(&self) -> bool {
        self.custom.is_none_or(|custom| custom.version().served)
    }
}

/// The value at `path` (`spec.color`) as a field selector compares it; empty if it is not there.
fn selectable(value: &Value, path: &str) -> Box<str> {
    let at = path.split('.').try_fold(value, |value, name| value.get(name));
    match at {
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Null) | None => "".into(),
        Some(other) => other.to_string().into_boxed_str(),
    }
}
