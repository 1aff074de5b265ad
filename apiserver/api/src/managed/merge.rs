//! A configuration laid over an object: what it does not mention stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    atom::{Atom, By, Fields, Schema},
    step,
};

/// `live` with what `config` says.
///
/// # Errors
/// When a list's item has no name.
pub(super) fn merge(schema: Schema, live: &Value, config: &Value) -> Result<Value, String> {
    match schema.atom(Some(config).filter(|config| !config.is_null()).or(Some(live))) {
        Atom::Map { of, atomic: false } => match (live, config) {
            (Value::Object(live), Value::Object(config)) => maps(of, live, config).map(Value::Object),
            // a container that is null says nothing
            (Value::Object(live), Value::Null) if !live.is_empty() => Ok(Value::Object(live.clone())),
            _ => Ok(config.clone()),
        },
        Atom::List { item, by: by @ (By::Value | By::Keys(_)) } => match (live, config) {
            (Value::Array(live), Value::Array(config)) if !live.is_empty() => {
                lists((item, by), live, config).map(Value::Array)
            }
            (Value::Array(live), Value::Null) if !live.is_empty() => Ok(Value::Array(live.clone())),
            _ => Ok(config.clone()),
        },
        Atom::Scalar(_) | Atom::Map { .. } | Atom::List { .. } => Ok(config.clone()),
    }
}

fn maps(of: Fields, live: &Map<String, Value>, config: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut merged = live.clone();
    for (name, value) in config {
        let value = match live.get(name) {
            Some(live) => merge(of.of(name), live, value)?,
            None => value.clone(),
        };
        merged.insert(name.clone(), value);
    }
    Ok(merged)
}

/// Items of one name are merged. The configuration's order holds among its own; the others stay where they were between them.
fn lists((schema, by): (Schema, By), live: &[Value], config: &[Value]) -> Result<Vec<Value>, String> {
    let named =
        |list: &[Value]| list.iter().map(|item| step::item(by, schema, item)).collect::<Result<Vec<String>, String>>();
    let (old, new) = (named(live)?, named(config)?);
    let at = |names: &[String]| -> BTreeMap<String, usize> {
        names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect()
    };
    let (in_live, in_config) = (at(&old), at(&new));
    let take = |name: &String| -> Result<Value, String> {
        let config = &config[in_config[name]];
        match in_live.get(name) {
            Some(at) => merge(schema, &live[*at], config),
            None => Ok(config.clone()),
        }
    };
    let mut shared = new.iter().filter(|name| in_live.contains_key(*name));
    let mut next = shared.next();
    let mut merged = Vec::with_capacity(live.len().max(config.len()));
    let mut done: BTreeSet<&String> = BTreeSet::new();
    let (mut l, mut r) = (0, 0);
    while l < old.len() || r < new.len() {
        if let (Some(ours), Some(theirs)) = (old.get(l), new.get(r)) {
            if ours == theirs {
                merged.push(take(ours)?);
                done.insert(theirs);
                next = shared.next();
                (l, r) = (l + 1, r + 1);
                continue;
            }
            if in_config.contains_key(ours) && next.is_some_and(|next| next != ours) {
                // it comes where the configuration has it
                l += 1;
                continue;
            }
        }
        if let Some(ours) = old.get(l) {
            if !in_config.contains_key(ours) {
                merged.push(live[l].clone());
                l += 1;
                continue;
            }
            if done.contains(ours) {
                l += 1;
            }
        }
        if let Some(theirs) = new.get(r) {
            merged.push(take(theirs)?);
            done.insert(theirs);
            r += 1;
            if next == Some(theirs) {
                next = shared.next();
            }
        }
    }
    Ok(merged)
}
