//! An object without some of its fields.

use serde_json::{Map, Value};

use super::{
    atom::{Atom, By, Schema},
    set::View,
    step,
};

/// `value` without the members of `doomed`; a container that loses everything becomes null.
pub(super) fn without(schema: Schema, value: &Value, doomed: View<'_>) -> Value {
    match (schema.atom(Some(value)), value) {
        (Atom::Map { of, .. }, Value::Object(map)) => {
            let mut kept = Map::new();
            for (name, value) in map {
                match doomed.child(&step::field(name)) {
                    None => drop(kept.insert(name.clone(), value.clone())),
                    Some(child) if child.is_member() => {}
                    Some(child) => drop(kept.insert(name.clone(), without(of.of(name), value, child))),
                }
            }
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        (Atom::List { item, by: by @ (By::Value | By::Keys(_)) }, Value::Array(list)) => {
            let mut kept = Vec::with_capacity(list.len());
            for value in list {
                match step::item(by, item, value).ok().and_then(|name| doomed.child(&name)) {
                    None => kept.push(value.clone()),
                    Some(child) if child.is_member() => {}
                    Some(child) if child.has_children() => kept.push(without(item, value, child)),
                    Some(_) => kept.push(value.clone()),
                }
            }
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        (_, value) => value.clone(),
    }
}
