//! Who owns which field: `metadata.managedFields`, kept with every write, and server-side apply, which lives by it.
//!
//! Sets of fields are kept in their own JSON (`fieldsV1`): nothing is decoded to find out that a write touched nobody else's.

mod apply;
mod atom;
mod check;
mod compare;
mod entry;
mod merge;
mod owned;
mod prune;
mod remove;
mod set;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod update;
mod zero;

use serde_json::Value;

pub use atom::Schema;

use crate::Status;
use entry::{Entry, Operation};

/// Who writes, and how.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub manager: &'a str,
    /// The version in which the object is written.
    pub api_version: &'a str,
    /// Empty for the object itself.
    pub subresource: &'a str,
    /// RFC 3339, whole seconds of UTC.
    pub now: &'a str,
    /// Fields beside `metadata` that this way of writing cannot change.
    pub ignored: &'a [&'a str],
}

impl Request<'_> {
    fn entry(&self, operation: Operation) -> Entry {
        Entry {
            manager: self.manager.to_owned(),
            operation,
            api_version: self.api_version.to_owned(),
            time: None,
            subresource: self.subresource.to_owned(),
            fields: set::Set::default(),
        }
    }
}

/// The versions in which one kind is served, by `apiVersion`.
pub trait Versions {
    /// None: not served.
    fn schema(&self, api_version: &str) -> Option<Schema>;

    /// `value`, which is in version `from`, as `to` shows it; none: not served.
    fn convert(&self, value: &Value, from: &str, to: &str) -> Option<Value>;

    /// Brings `value` into canonical form.
    ///
    /// # Errors
    /// When a value is not of its type.
    fn conform(&self, api_version: &str, value: &mut Value) -> Result<(), Status>;

    /// What an object is before anybody wrote a field of it.
    fn zero(&self, api_version: &str) -> Value {
        match self.schema(api_version) {
            Some(Schema::Type(ty)) if !ty.is_custom() => zero::value(ty),
            _ => Value::Object(serde_json::Map::new()),
        }
    }
}

/// Writes `metadata.managedFields` of `new`, which the request makes of `live`; no `live`: it is created. Both are in the
/// request's version. Entries that the client sent along count, if they are good; one empty entry forgets them all.
pub fn update(request: &Request<'_>, versions: &dyn Versions, live: Option<&Value>, new: &mut Value) {
    update::update(request, versions, live, new);
}

/// Records a create of `new` as [`update`] does, but as text where that can be done: the whole `managedFields`, to be given to
/// [`crate::Draft::with_managed`]. Otherwise `new` has them itself, if there are any.
pub fn create(request: &Request<'_>, versions: &dyn Versions, new: &mut Value) -> Option<String> {
    let metadata = new.get_mut("metadata").and_then(Value::as_object_mut);
    let given = metadata.is_some_and(|metadata| metadata.contains_key("managedFields"));
    let text = if given { None } else { text::created(request, versions, new) };
    if text.is_none() {
        update::update(request, versions, None, new);
    }
    text
}

/// Server-side apply of `config` to `live`, both in the request's version; no `live`: the object is created of it. The result
/// has its `managedFields`.
///
/// # Errors
/// 409 with every conflict, 400 for entries in the configuration, 500 (upstream's code) for one that does not fit the schema.
pub fn apply(
    request: &Request<'_>,
    versions: &dyn Versions,
    live: Option<&Value>,
    config: &Value,
    force: bool,
) -> Result<Value, Status> {
    apply::apply(request, versions, live, config, force)
}

/// `live` with what `config` says, by the rules of server-side apply; nobody owns anything by it.
///
/// # Errors
/// When a list's item has no name.
pub fn lay_over(schema: Schema, live: &Value, config: &Value) -> Result<Value, String> {
    merge::merge(schema, live, config)
}

/// Whether two objects differ in nothing, or only in the times at which their fields were written.
pub fn same_but_for_times(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
    let metadata = |(a, b): (&Value, &Value)| {
        let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
        a.len() == b.len()
            && a.iter().all(|(name, a)| match (name.as_str(), b.get(name)) {
                (_, None) => false,
                ("managedFields", Some(b)) => same_entries(a, b),
                (_, Some(b)) => a == b,
            })
    };
    a.len() == b.len()
        && a.iter().all(|(name, a)| match (name.as_str(), b.get(name)) {
            (_, None) => false,
            ("metadata", Some(b)) => metadata((a, b)),
            (_, Some(b)) => a == b,
        })
}

/// The order of entries follows their times.
fn same_entries(a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    let timeless = |list: &Value| {
        let mut entries = entry::decode(list.clone()).ok()?;
        entries.iter_mut().for_each(|entry| entry.time = None);
        Some(entry::encode(entries))
    };
    matches!((timeless(a), timeless(b)), (Some(a), Some(b)) if a == b)
}
