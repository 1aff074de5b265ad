//! Maps and lists merged by the schema: merge keys, and the `$` directives by which a patch deletes, replaces and orders.

use serde_json::{Map, Value};

use super::{
    error::{Error, go},
    order,
    rule::{Rule, Schema, rule},
};
use crate::schema::Type;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER: &str = "$setElementOrder/";

type Object = Map<String, Value>;

pub(super) fn apply(schema: &'static Type, current: &Value, patch: &Value) -> Result<Value, Error> {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else { return Err(Error::NotAnObject) };
    merge_objects(Schema::Struct(schema), current.clone(), patch.clone()).map(Value::Object)
}

fn merge_objects(schema: Schema, mut original: Object, mut patch: Object) -> Result<Object, Error> {
    match patch.remove(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => return Ok(patch),
        Some(Value::String(directive)) if directive == "delete" => return Ok(Object::new()),
        Some(directive) => {
            return Err(Error::UnknownDirective { directive: go(&directive), map: go(&Value::Object(patch)) });
        }
    }
    retain_keys(&mut original, &mut patch)?;
    for (name, wanted) in take_prefixed(&mut patch, ELEMENT_ORDER) {
        ordered_list(schema, &mut original, &mut patch, name, wanted)?;
    }
    for (name, doomed) in take_prefixed(&mut patch, DELETE_FROM_LIST) {
        let Value::Array(doomed) = doomed else { return Err(Error::PrimitiveList) };
        if let Some(Value::Array(list)) = original.get_mut(&name) {
            list.retain(|item| !doomed.contains(item));
        }
    }
    for (name, value) in patch {
        merge_field(schema, &mut original, name, value)?;
    }
    Ok(original)
}

fn merge_field(schema: Schema, original: &mut Object, name: String, value: Value) -> Result<(), Error> {
    if value.is_null() {
        original.remove(&name);
        return Ok(());
    }
    let merged = match (original.remove(&name), value) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let rule = rule(schema, &name)?;
            let merged = if rule.merge.replace { new } else { merge_objects(rule.schema, old, new)? };
            Value::Object(merged)
        }
        (Some(Value::Array(old)), Value::Array(new)) => Value::Array(merge_lists(&rule(schema, &name)?, old, new)?),
        (_, value) => without_directives(value),
    };
    original.insert(name, merged);
    Ok(())
}

fn merge_lists(rule: &Rule, old: Vec<Value>, new: Vec<Value>) -> Result<Vec<Value>, Error> {
    if !rule.merge.merge {
        return Ok(new);
    }
    if old.is_empty() && new.is_empty() {
        return Ok(old);
    }
    if !are_objects(&[&old, &new])? {
        let mut merged = old.clone();
        for item in &new {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return Ok(order::arrange(merged, &new, &old, &|a, b| a == b));
    }
    let key = rule.key.ok_or(Error::UndeclaredMergeKey("map"))?;
    let element = match rule.schema {
        Schema::ListOf(kind) => Schema::one(kind),
        _ => Schema::Unknown,
    };
    let (old, new) = list_directives(key, old, new)?;
    let mut merged = old.clone();
    for item in &new {
        let value = key_of(item, key)?;
        match merged.iter_mut().find(|other| other.get(key) == Some(value)) {
            Some(found) => {
                let (Value::Object(old), Value::Object(new)) = (found.take(), item.clone()) else { continue };
                *found = Value::Object(merge_objects(element, old, new)?);
            }
            None => merged.push(without_directives(item.clone())),
        }
    }
    for item in &merged {
        key_of(item, key)?;
    }
    Ok(order::arrange(merged, &new, &old, &|a, b| a.get(key) == b.get(key)))
}

/// Carries out the directives among the items: `delete` one of `old`, or `replace` all. What is left of both lists.
fn list_directives(key: &'static str, mut old: Vec<Value>, new: Vec<Value>) -> Result<(Vec<Value>, Vec<Value>), Error> {
    let mut kept = Vec::with_capacity(new.len());
    let mut replaces = false;
    for item in new {
        match item.get(DIRECTIVE) {
            None => kept.push(item),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let value = key_of(&item, key)?;
                    old.retain(|other| other.get(key) != Some(value));
                }
                Some("replace") => replaces = true,
                Some("merge") => return Err(Error::MergeDirective),
                _ => return Err(Error::UnknownDirective { directive: go(directive), map: go(&item) }),
            },
        }
    }
    Ok(if replaces { (kept, Vec::new()) } else { (old, kept) })
}

/// Merges the list that `$setElementOrder/name` speaks of, and puts it in the order it `wanted`.
fn ordered_list(
    schema: Schema,
    original: &mut Object,
    patch: &mut Object,
    name: String,
    wanted: Value,
) -> Result<(), Error> {
    let Value::Array(wanted) = wanted else { return Err(Error::ElementOrder) };
    let list = |value: Option<Value>| match value {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(Error::ElementOrder),
    };
    // a list that is deleted (null) has no order
    if patch.get(&name).is_some_and(Value::is_null) {
        return Ok(());
    }
    let (live, new) = (list(original.remove(&name))?, list(patch.remove(&name))?);
    let rule = rule(schema, &name)?;
    if let Some(new) = &new {
        agrees(new, &wanted, rule.key)?;
    }
    let before = live.clone().unwrap_or_default();
    let merged = match (live, new) {
        (None, None) => return Ok(()),
        (Some(live), None) => live,
        (None, Some(new)) => merge_lists(&rule, Vec::new(), new)?,
        (Some(live), Some(new)) => merge_lists(&rule, live, new)?,
    };
    let arranged = match rule.key {
        Some(key) => order::arrange(merged, &wanted, &before, &|a, b| a.get(key).is_some() && a.get(key) == b.get(key)),
        None => order::arrange(merged, &wanted, &before, &|a, b| a == b),
    };
    original.insert(name, Value::Array(arranged));
    Ok(())
}

/// The items of `patch` must be among `wanted`, in the same order; deletions aside.
fn agrees(patch: &[Value], wanted: &[Value], key: Option<&'static str>) -> Result<(), Error> {
    if patch.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut rest = wanted.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let found = match key {
            None => rest.any(|other| other == item),
            Some(key) => {
                let value = key_of(item, key)?;
                rest.any(|other| other.get(key) == Some(value))
            }
        };
        if !found {
            let all = |list: &[Value]| go(&Value::Array(list.to_vec()));
            return Err(Error::OrderMismatch { patch: all(patch), order: all(wanted) });
        }
    }
    Ok(())
}

/// `$retainKeys` names all keys that may stay.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), Error> {
    let Some(kept) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(kept) = kept else { return Err(Error::RetainKeys) };
    let is_kept = |name: &str| kept.iter().any(|k| k == name);
    let strays = |(name, value): (&String, &Value)| {
        !value.is_null() && !name.starts_with(DELETE_FROM_LIST) && !name.starts_with(ELEMENT_ORDER) && !is_kept(name)
    };
    if patch.iter().any(strays) {
        return Err(Error::RetainKeys);
    }
    original.retain(|name, _| is_kept(name));
    Ok(())
}

/// Whether the items are objects. All must be of one type.
fn are_objects(lists: &[&[Value]]) -> Result<bool, Error> {
    let mut items = lists.iter().copied().flatten();
    let Some(first) = items.next() else { return Ok(false) };
    if first.is_array() {
        return Err(Error::ListOfLists);
    }
    if items.any(|item| std::mem::discriminant(item) != std::mem::discriminant(first)) {
        let all: Vec<Value> = lists.iter().map(|list| Value::Array(list.to_vec())).collect();
        return Err(Error::MixedList(go(&Value::Array(all))));
    }
    Ok(first.is_object())
}

fn key_of<'a>(item: &'a Value, key: &'static str) -> Result<&'a Value, Error> {
    item.get(key).ok_or_else(|| Error::NoMergeKey { map: go(item), key })
}

fn take_prefixed(patch: &mut Object, prefix: &str) -> Vec<(String, Value)> {
    let names: Vec<String> = patch.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
    names.into_iter().filter_map(|name| Some((name[prefix.len()..].to_owned(), patch.remove(&name)?))).collect()
}

/// What a patch adds where nothing was: without directives, deletions and nulls.
fn without_directives(value: Value) -> Value {
    match value {
        Value::Object(mut object) => {
            if object.remove(DIRECTIVE).is_some_and(|directive| directive == "delete") {
                return Value::Object(Object::new());
            }
            let kept = object.into_iter().filter(|(name, value)| {
                !value.is_null()
                    && name != RETAIN_KEYS
                    && !name.starts_with(DELETE_FROM_LIST)
                    && !name.starts_with(ELEMENT_ORDER)
            });
            Value::Object(kept.map(|(name, value)| (name, without_directives(value))).collect())
        }
        Value::Array(list) => {
            let kept = list
                .into_iter()
                .filter(|item| !matches!(item.get(DIRECTIVE).and_then(Value::as_str), Some("delete" | "replace")));
            Value::Array(kept.map(without_directives).collect())
        }
        scalar => scalar,
    }
}
