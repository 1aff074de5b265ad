//! What every object's `metadata` obeys: who may set which field.

use api::{Kind, Status, kind::Generation};
use jiff::Timestamp;
use rand::RngExt;
use serde_json::{Map, Value, json};

use crate::{app, request_info::RequestInfo};

/// Without vowels and what looks alike: no words, no mistakes.
const RANDOM_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// What the server writes; a client's value for it counts for nothing.
const OURS: [&str; 5] = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

/// Whole seconds: what `metav1.Time` can say.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("now is a time")
}

/// The object's `metadata`, made if it is missing.
pub(crate) fn of(value: &mut Value) -> Result<&mut Map<String, Value>, Status> {
    if value["metadata"].is_null() {
        value["metadata"] = json!({});
    }
    value["metadata"].as_object_mut().ok_or_else(|| Status::bad_request("metadata must be an object"))
}

/// `n` letters for a generated name.
pub(crate) fn random_letters(n: usize) -> String {
    let mut rng = rand::rng();
    (0..n).map(|_| char::from(RANDOM_LETTERS[rng.random_range(0..RANDOM_LETTERS.len())])).collect()
}

/// Checks what a body says about its place against the path, and completes it.
pub(crate) fn place(kind: &Kind, info: &RequestInfo, value: &mut Value) -> Result<(), Status> {
    let metadata = of(value)?;
    let text = |metadata: &Map<String, Value>, name: &str| {
        metadata.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let name = text(metadata, "name");
    if !info.name.is_empty() && name != info.name {
        if !name.is_empty() {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                info.name
            )));
        }
        metadata.insert("name".into(), info.name.as_str().into());
    }
    let namespace = text(metadata, "namespace");
    if !kind.namespaced {
        metadata.remove("namespace");
    } else if namespace.is_empty() {
        metadata.insert("namespace".into(), info.namespace.as_str().into());
    } else if namespace != info.namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// Begins a new object's life: uid, time, name.
pub(crate) fn begin(kind: &Kind, value: &mut Value) -> Result<(), Status> {
    let metadata = of(value)?;
    if metadata.get("resourceVersion").and_then(Value::as_str).is_some_and(|version| !version.is_empty()) {
        return Err(Status::bad_request("resourceVersion should not be set on objects to be created"));
    }
    for name in OURS.iter().chain(&["resourceVersion", "selfLink"]) {
        metadata.remove(*name);
    }
    drop_empty(metadata);
    metadata.insert("uid".into(), app::uuid().hyphenated().to_string().into());
    metadata.insert("creationTimestamp".into(), now().to_string().into());
    if kind.generation != Generation::Absent {
        metadata.insert("generation".into(), 1.into());
    }
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("name").is_empty() && !text("generateName").is_empty() {
        // A name is at most 63 characters: five of them are the random ones.
        let prefix: String = text("generateName").chars().take(58).collect();
        metadata.insert("name".into(), format!("{prefix}{}", random_letters(5)).into());
    }
    Ok(())
}

/// Gives a new object the finalizers of its kind.
pub(crate) fn hold(kind: &Kind, value: &mut Value) {
    let Some(metadata) = value["metadata"].as_object_mut() else { return };
    for finalizer in kind.finalizers {
        let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
        if let Some(list) = finalizers.as_array_mut().filter(|list| !list.iter().any(|f| f == finalizer)) {
            list.push((*finalizer).into());
        }
    }
}

/// Takes out owners that are named twice; the answer is a warning that says which. `after` admission it says so.
pub(crate) fn dedup_owners(value: &mut Value, after: &str) -> Option<String> {
    let owners = value["metadata"].get_mut("ownerReferences")?.as_array_mut().filter(|owners| owners.len() > 1)?;
    let (mut kept, mut twice): (Vec<Value>, Vec<String>) = (Vec::with_capacity(owners.len()), Vec::new());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            let uid = owner["uid"].as_str().unwrap_or_default().to_owned();
            if !twice.contains(&uid) {
                twice.push(uid);
            }
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    (!twice.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries{after}; API server dedups owner references in 1.20+, and may reject \
             such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            twice.join(", ")
        )
    })
}

/// Carries over from `old` what no client may change.
pub(crate) fn carry(kind: &Kind, value: &mut Value, old: &Value) -> Result<(), Status> {
    let name = old["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let metadata = of(value)?;
    let old = &old["metadata"];
    if let Some(uid) = metadata.get("uid").and_then(Value::as_str).filter(|uid| !uid.is_empty() && *uid != old["uid"]) {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            old["uid"].as_str().unwrap_or_default()
        );
        return Err(Status::conflict(kind, &name, &why));
    }
    for name in OURS.iter().chain(&["name", "namespace", "generateName", "resourceVersion"]) {
        match old.get(*name) {
            Some(kept) => drop(metadata.insert((*name).into(), kept.clone())),
            None => drop(metadata.remove(*name)),
        }
    }
    metadata.remove("selfLink");
    drop_empty(metadata);
    Ok(())
}

/// An empty list or map of metadata is the same as none, and is not shown: the last of `ownerReferences` takes the
/// field with it.
fn drop_empty(metadata: &mut Map<String, Value>) {
    metadata.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    });
}
