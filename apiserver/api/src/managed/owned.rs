//! The fields that a value sets: what its author owns.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    atom::{Atom, By, Fields, Schema},
    set::{Set, View},
    step,
};

/// Every field that `value` sets; containers only where they are named items or empty.
pub(super) fn fields(schema: Schema, value: &Value) -> Set {
    match (schema.atom(Some(value)), value) {
        (Atom::Map { of, atomic: false }, Value::Object(map)) => {
            let mut set = Set::default();
            for (name, value) in map {
                let mut child = fields(of.of(name), value);
                let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                child.member |= empty || !of.names(name);
                set.put(|| step::field(name), child);
            }
            set
        }
        (Atom::List { item, by: by @ (By::Value | By::Keys(_)) }, Value::Array(list)) => {
            let mut items: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
            // what has no name nobody can own
            for (name, value) in list.iter().filter_map(|value| Some((step::item(by, item, value).ok()?, value))) {
                items.entry(name).or_default().push(value);
            }
            let mut set = Set::default();
            for (name, values) in items {
                let mut child = match values.as_slice() {
                    [one] => fields(item, one),
                    _ => Set::default(),
                };
                child.member = true;
                set.put(|| name, child);
            }
            set
        }
        (Atom::Map { atomic: false, .. } | Atom::List { by: By::Value | By::Keys(_), .. }, _) => Set::default(),
        _ => Set::leaf(),
    }
}

/// `set` and the fields of structs on the way to its members: who owns `a.b.c` of structs owns `a` and `a.b` too.
pub(super) fn with_parents(schema: Schema, set: View<'_>) -> Set {
    let mut full = Set::default();
    let (fields, item) = match schema.atom(None) {
        Atom::Map { of, .. } => (Some(of), None),
        Atom::List { item, .. } => (None, Some(item)),
        Atom::Scalar(_) => (None, None),
    };
    for (name, child) in set.children().filter(|(name, _)| *name != ".") {
        let field = name.strip_prefix("f:").zip(fields);
        let schema = match field {
            Some((field, fields)) => fields.of(field),
            None => item.filter(|_| name.starts_with("k:")).unwrap_or(Schema::Unknown),
        };
        let mut below = with_parents(schema, child);
        below.member = child.is_member() || field.is_some_and(|(field, fields): (&str, Fields)| fields.names(field));
        full.put(|| name.to_owned(), below);
    }
    full
}
