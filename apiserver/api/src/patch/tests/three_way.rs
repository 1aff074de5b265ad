//! `kubectl apply`: the patch that it computes, applied here, gives what it promises. A field of the new configuration is as it
//! says; one of the last configuration that the new one does not mention is gone; all else is as the server has it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::rule::{Schema, rule};
use crate::schema::{self, FieldType};

type Object = Map<String, Value>;

/// The items' schema and merge key of a list that is merged.
fn merged(schema: Schema, name: &str) -> (Schema, Option<&'static str>, bool, bool) {
    let rule = rule(schema, name).ok().unwrap();
    let item = match rule.schema {
        Schema::ListOf(kind @ FieldType::Object(_)) => Schema::one(kind),
        other => other,
    };
    (item, rule.key, rule.merge.merge, rule.merge.retain_keys)
}

fn find<'a>(list: &'a [Value], key: &str, item: &Value) -> Option<&'a Value> {
    list.iter().find(|other| other[key] == item[key])
}

/// What must become of `live` when `new` is applied after `last`.
fn expected(schema: Schema, last: &Object, new: &Object, live: &Object) -> Object {
    let mut result = live.clone();
    result.retain(|name, _| new.contains_key(name) || !last.contains_key(name));
    for (name, wanted) in new {
        let (inner, key, merges, retains) = merged(schema, name);
        let value = match (last.get(name).unwrap_or(&Value::Null), wanted, live.get(name)) {
            (last, Value::Object(new), Some(Value::Object(live))) => {
                let none = Object::new();
                let mut object = expected(inner, last.as_object().unwrap_or(&none), new, live);
                if retains && object != *live {
                    object.retain(|name, _| new.contains_key(name));
                }
                Value::Object(object)
            }
            (last, Value::Array(new), Some(Value::Array(live))) if merges => {
                let none = Vec::new();
                let last = last.as_array().unwrap_or(&none);
                Value::Array(lists(inner, key, last, new, live))
            }
            _ => wanted.clone(),
        };
        result.insert(name.clone(), value);
    }
    result
}

fn lists(schema: Schema, key: Option<&str>, last: &[Value], new: &[Value], live: &[Value]) -> Vec<Value> {
    let Some(key) = key else {
        let mut result: Vec<Value> =
            live.iter().filter(|item| new.contains(item) || !last.contains(item)).cloned().collect();
        result.extend(new.iter().filter(|item| !live.contains(item)).cloned());
        return result;
    };
    let kept = live.iter().filter(|item| find(new, key, item).is_some() || find(last, key, item).is_none());
    let mut result: Vec<Value> = kept.cloned().collect();
    for wanted in new {
        let none = Object::new();
        let before = find(last, key, wanted).and_then(Value::as_object).unwrap_or(&none);
        match result.iter_mut().find(|item| item[key] == wanted[key]) {
            Some(item) => {
                *item = Value::Object(expected(schema, before, wanted.as_object().unwrap(), item.as_object().unwrap()));
            }
            None => result.push(wanted.clone()),
        }
    }
    result
}

/// The patch that kubectl sends: what differs between `live` and `new`, and the deletions between `last` and `new`.
fn patch(schema: Schema, last: &Object, new: &Object, live: &Object) -> Object {
    let mut patch = Object::new();
    for name in last.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, wanted) in new {
        let (inner, key, merges, retains) = merged(schema, name);
        let none = Object::new();
        match (last.get(name).unwrap_or(&Value::Null), wanted, live.get(name)) {
            (_, wanted, Some(live)) if wanted == live => {}
            (last, Value::Object(new), Some(Value::Object(live))) => {
                let mut part = self::patch(inner, last.as_object().unwrap_or(&none), new, live);
                if retains && !part.is_empty() {
                    part.insert("$retainKeys".into(), new.keys().cloned().collect::<Vec<_>>().into());
                }
                if !part.is_empty() {
                    patch.insert(name.clone(), part.into());
                }
            }
            (last, Value::Array(new), Some(Value::Array(live))) if merges => {
                let nothing = Vec::new();
                let last = last.as_array().unwrap_or(&nothing);
                list_patch(&mut patch, name, (inner, key), last, new, live);
            }
            _ => drop(patch.insert(name.clone(), wanted.clone())),
        }
    }
    patch
}

fn list_patch(
    patch: &mut Object,
    name: &str,
    (schema, key): (Schema, Option<&'static str>),
    last: &[Value],
    new: &[Value],
    live: &[Value],
) {
    let Some(key) = key else {
        let gone: Vec<Value> = last.iter().filter(|item| !new.contains(item)).cloned().collect();
        let added: Vec<Value> = new.iter().filter(|item| !live.contains(item)).cloned().collect();
        patch.insert(format!("$setElementOrder/{name}"), new.into());
        if !gone.is_empty() {
            patch.insert(format!("$deleteFromPrimitiveList/{name}"), gone.into());
        }
        if !added.is_empty() {
            patch.insert(name.to_owned(), added.into());
        }
        return;
    };
    let none = Object::new();
    let order: Vec<Value> = new.iter().map(|item| json!({key: item[key]})).collect();
    let mut items: Vec<Value> = Vec::new();
    for wanted in new {
        match find(live, key, wanted) {
            None => items.push(wanted.clone()),
            Some(item) => {
                let before = find(last, key, wanted).and_then(Value::as_object).unwrap_or(&none);
                let mut part = self::patch(schema, before, wanted.as_object().unwrap(), item.as_object().unwrap());
                if !part.is_empty() {
                    part.insert(key.to_owned(), wanted[key].clone());
                    items.push(part.into());
                }
            }
        }
    }
    items.extend(
        last.iter().filter(|item| find(new, key, item).is_none()).map(|item| json!({"$patch": "delete", key: item[key]})),
    );
    patch.insert(format!("$setElementOrder/{name}"), order.into());
    if !items.is_empty() {
        patch.insert(name.to_owned(), items.into());
    }
}

/// The order of lists aside.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| same(a, b))),
        (a, b) => a == b,
    }
}

/// Deployments with what is merged in every way there is.
fn deployments() -> impl Strategy<Value = Value> {
    let text = || "[xyz]";
    let env = || proptest::collection::btree_map("[AB]", text(), 0..3);
    let args = || proptest::option::of(proptest::collection::vec(text(), 1..3));
    let container = (proptest::option::of(text()), env(), args());
    let containers = proptest::collection::btree_map("[c-f]", container, 0..4).prop_map(|map| {
        map.into_iter()
            .map(|(name, (image, env, args))| {
                let mut container = json!({"name": name});
                if let Some(image) = image {
                    container["image"] = image.into();
                }
                if !env.is_empty() {
                    container["env"] = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
                }
                if let Some(args) = args {
                    container["args"] = args.into();
                }
                container
            })
            .collect::<Vec<Value>>()
    });
    let containers = containers.prop_shuffle();
    let finalizers = proptest::sample::subsequence(vec!["f", "g", "h"], 0..=3).prop_shuffle();
    let labels = proptest::collection::btree_map("[k-m]", text(), 0..3);
    (containers, labels, finalizers, proptest::option::of(any::<bool>())).prop_map(
        |(containers, labels, finalizers, rolling)| {
            let mut object = json!({"metadata": {}, "spec": {"template": {"spec": {}}}});
            if !labels.is_empty() {
                object["metadata"]["labels"] = json!(labels);
            }
            if !finalizers.is_empty() {
                object["metadata"]["finalizers"] = finalizers.into();
            }
            if !containers.is_empty() {
                object["spec"]["template"]["spec"]["containers"] = containers.into();
            }
            match rolling {
                Some(true) => {
                    object["spec"]["strategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
                }
                Some(false) => object["spec"]["strategy"] = json!({"type": "Recreate"}),
                None => {}
            }
            object
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn kubectls_patch_does_what_it_promises(last in deployments(), new in deployments(), live in deployments()) {
        let ty = schema::find("io.k8s.api.apps.v1.Deployment").unwrap();
        let (l, n, c) = (last.as_object().unwrap(), new.as_object().unwrap(), live.as_object().unwrap());
        let patch = Value::Object(patch(Schema::Struct(ty), l, n, c));
        let expected = Value::Object(expected(Schema::Struct(ty), l, n, c));
        let patched = super::super::strategic(ty, &live, &patch).map_err(|status| TestCaseError::fail(status.message))?;
        prop_assert!(same(&patched, &expected), "{patch}\n{patched}\n{expected}");
        // and the new configuration's items stand in its order
        let names = |object: &Value| -> Vec<String> {
            let list = object["spec"]["template"]["spec"]["containers"].as_array().cloned().unwrap_or_default();
            list.iter().map(|item| item["name"].to_string()).collect()
        };
        let wanted = names(&new);
        let got: Vec<String> = names(&patched).into_iter().filter(|name| wanted.contains(name)).collect();
        prop_assert_eq!(got, wanted);
    }
}
