//! Two states of an object: which fields are new or other, and which are gone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    atom::{Atom, By, Fields, Schema},
    set::Set,
    step,
};

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Changes {
    /// Fields that were added or have another value.
    pub(super) taken: Set,
    pub(super) removed: Set,
}

/// Fields of `metadata` that nobody owns.
pub(super) const UNOWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// From the object `old` to the object `new`; what nobody owns, and the fields `ignored` beside `metadata`, are left out.
///
/// # Errors
/// When a list's item has no name.
pub(super) fn objects(schema: Schema, old: &Value, new: &Value, ignored: &[&str]) -> Result<Changes, String> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return Ok(Changes::default()) };
    let Atom::Map { of, .. } = schema.atom(Some(&Value::Object(Map::new()))) else { return Ok(Changes::default()) };
    let mut changes = Changes::default();
    let mut failure = None;
    zip(old, new, |name, old, new| {
        if matches!(name, "apiVersion" | "kind") || ignored.contains(&name) {
            return;
        }
        let child = match name {
            "metadata" => metadata(of.of(name), old, new),
            _ => walk(of.of(name), old, new),
        };
        changes.put(name, child, &mut failure);
    });
    failure.map_or(Ok(changes), Err)
}

fn metadata(schema: Schema, old: Option<&Value>, new: Option<&Value>) -> Result<Changes, String> {
    let empty = Map::new();
    let (old, new) = (old.and_then(Value::as_object).unwrap_or(&empty), new.and_then(Value::as_object).unwrap_or(&empty));
    let Atom::Map { of, .. } = schema.atom(Some(&Value::Object(Map::new()))) else { return Ok(Changes::default()) };
    let mut changes = Changes::default();
    let mut failure = None;
    zip(old, new, |name, old, new| {
        if !UNOWNED.contains(&name) {
            changes.put(name, walk(of.of(name), old, new), &mut failure);
        }
    });
    failure.map_or(Ok(changes), Err)
}

impl Changes {
    fn put(&mut self, name: &str, child: Result<Self, String>, failure: &mut Option<String>) {
        match child {
            Ok(child) => self.set(|| step::field(name), child),
            Err(error) => *failure = Some(error),
        }
    }

    fn set(&mut self, step: impl Fn() -> String, child: Self) {
        self.taken.put(&step, child.taken);
        self.removed.put(&step, child.removed);
    }
}

fn walk(schema: Schema, old: Option<&Value>, new: Option<&Value>) -> Result<Changes, String> {
    let atom = schema.atom(new.filter(|new| !new.is_null()).or(old));
    let mut changes = match atom {
        Atom::Map { of, atomic: false } => {
            let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            match (old.filter(|map| !map.is_empty()), new.filter(|map| !map.is_empty())) {
                (None, None) => return Ok(leaf(old.is_some(), new.is_some()).unwrap_or_default()),
                (old, new) => map(of, old, new)?,
            }
        }
        Atom::List { item, by: by @ (By::Value | By::Keys(_)) } => {
            let (old, new) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
            match (old.filter(|list| !list.is_empty()), new.filter(|list| !list.is_empty())) {
                (None, None) => return Ok(leaf(old.is_some(), new.is_some()).unwrap_or_default()),
                (old, new) => list((item, by), old.map_or(&[], Vec::as_slice), new.map_or(&[], Vec::as_slice))?,
            }
        }
        Atom::Scalar(_) | Atom::Map { .. } | Atom::List { .. } => {
            let same = Changes::default();
            let other = Changes { taken: Set::leaf(), ..Changes::default() };
            return Ok(leaf(old.is_some(), new.is_some()).unwrap_or_else(|| if old == new { same } else { other }));
        }
    };
    changes.taken.member = old.is_none();
    changes.removed.member = new.is_none();
    Ok(changes)
}

/// A leaf that is on one side only.
fn leaf(was: bool, is: bool) -> Option<Changes> {
    match (was, is) {
        (false, true) => Some(Changes { taken: Set::leaf(), ..Changes::default() }),
        (true, false) => Some(Changes { removed: Set::leaf(), ..Changes::default() }),
        _ => None,
    }
}

fn map(of: Fields, old: Option<&Map<String, Value>>, new: Option<&Map<String, Value>>) -> Result<Changes, String> {
    let empty = Map::new();
    let mut changes = Changes::default();
    let mut failure = None;
    zip(old.unwrap_or(&empty), new.unwrap_or(&empty), |name, old, new| {
        changes.put(name, walk(of.of(name), old, new), &mut failure);
    });
    failure.map_or(Ok(changes), Err)
}

/// Both sides of every name, in order.
fn zip(old: &Map<String, Value>, new: &Map<String, Value>, mut see: impl FnMut(&str, Option<&Value>, Option<&Value>)) {
    for (name, value) in new {
        see(name, old.get(name), Some(value));
    }
    for (name, value) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        see(name, Some(value), None);
    }
}

fn list((schema, by): (Schema, By), old: &[Value], new: &[Value]) -> Result<Changes, String> {
    let mut changes = Changes::default();
    if old == new {
        return Ok(changes);
    }
    let mut items: BTreeMap<String, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    for item in old {
        items.entry(step::item(by, schema, item)?).or_default().0.push(item);
    }
    for item in new {
        items.entry(step::item(by, schema, item)?).or_default().1.push(item);
    }
    for (step, (old, new)) in items {
        let child = match (old.as_slice(), new.as_slice()) {
            ([] | [_], [] | [_]) => walk(schema, old.first().copied(), new.first().copied())?,
            // items of one name are one leaf
            ([_, _, ..], [_, _, ..]) if old == new => Changes::default(),
            ([_, _, ..], [_, _, ..]) => Changes { taken: Set::leaf(), ..Changes::default() },
            ([_, _, ..], rest) => {
                let mut child = walk(schema, None, rest.first().copied())?;
                child.removed.member = true;
                child
            }
            (rest, _) => {
                let mut child = walk(schema, rest.first().copied(), None)?;
                child.taken.member = true;
                child
            }
        };
        changes.set(|| step.clone(), child);
    }
    Ok(changes)
}
