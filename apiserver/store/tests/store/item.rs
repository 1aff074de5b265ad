//! What the tests write: two kinds whose objects can claim a string.

use std::{path::Path, time::Duration};

use api::{
    Draft, Kind,
    kind::{Field, Version},
};
use coracle_store::{Batch, Options, Store, Watch};
use serde_json::{Value, json};

pub(crate) static ITEM: Kind = Kind {
    kind: "Item",
    plural: "items",
    versions: &[Version::hub("", "v1", "")],
    fields: &[Field { path: "spec.value", value }],
    claims,
    ..Kind::NAMESPACED
};

/// Another kind in the same name space of claims.
pub(crate) static GADGET: Kind =
    Kind { kind: "Gadget", plural: "gadgets", versions: &[Version::hub("test", "v1", "")], ..ITEM };

pub(crate) const KINDS: [&Kind; 2] = [&ITEM, &GADGET];

/// An object whose value is `value` and which claims `claim`, if that is not empty.
pub(crate) fn draft(kind: &Kind, name: &str, value: u64, claim: &str) -> Draft {
    let spec = json!({"value": value, "claim": claim});
    Draft::new(kind, json!({"metadata": {"namespace": "default", "name": name, "uid": format!("uid-{name}")}, "spec": spec}))
}

pub(crate) fn value_of(object: &api::Object) -> u64 {
    object.value()["spec"]["value"].as_u64().expect("made by `draft`")
}

pub(crate) async fn open(dir: &Path, history: usize) -> Store {
    let options = Options { history, retention: Duration::from_secs(300) };
    Store::open(dir, &KINDS, options).await.expect("the directory is ours")
}

/// The next events, or none when there are none soon: the watch may still have progressed.
pub(crate) async fn what_comes(watch: &mut Watch) -> Batch {
    let next = tokio::time::timeout(Duration::from_millis(50), watch.next()).await;
    next.map_or_else(|_| Batch::new(), |events| events.expect("this watch keeps up"))
}

fn value(object: &Value) -> String {
    object["spec"]["value"].to_string()
}

fn claims(object: &Value) -> Vec<String> {
    let claim = object["spec"]["claim"].as_str().unwrap_or("");
    if claim.is_empty() { Vec::new() } else { vec![claim.to_owned()] }
}
