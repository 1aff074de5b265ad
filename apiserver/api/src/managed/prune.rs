//! What an applier said before and says no longer is taken out of the object, unless somebody else wants it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Versions,
    atom::Schema,
    entry::Entry,
    owned::{fields, with_parents},
    remove::without,
    set::Set,
};

/// `merged`, in version `version`, without what the applier of `last` gave up. `entries` say who owns what from now on.
pub(super) fn prune(
    versions: &dyn Versions,
    version: &str,
    merged: Value,
    entries: &[Entry],
    last: Option<&Entry>,
) -> Value {
    let Some(last) = last.filter(|last| !last.fields.is_empty()) else { return merged };
    // Done in the version in which it was said; one that is gone cannot be read any more.
    let at = last.api_version.as_str();
    let Some((schema, whole)) = versions.schema(at).zip(versions.convert(&merged, version, at)) else { return merged };
    let doomed = with_parents(schema, last.fields.view());
    let mut pruned = without(schema, &whole, doomed.view());

    let mut owners: BTreeMap<&str, Set> = BTreeMap::new();
    for entry in entries {
        owners.entry(&entry.api_version).or_default().union(&entry.fields);
    }
    if let Some(owned) = owners.remove(at) {
        pruned = keep_owned(schema, &whole, &pruned, &owned);
    }
    for (other, owned) in owners {
        let converted = versions.convert(&whole, at, other).zip(versions.convert(&pruned, at, other));
        let Some((schema, (whole, kept))) = versions.schema(other).zip(converted) else { continue };
        let kept = keep_owned(schema, &whole, &kept, &owned);
        if let Some(back) = versions.convert(&kept, other, at) {
            pruned = back;
        }
    }
    // what nobody owned before is not this applier's to take out
    let mut lost = full(schema, &whole);
    lost.subtract(&full(schema, &pruned));
    let lost = lost.intersection(&doomed);
    let pruned = without(schema, &whole, lost.view());
    versions.convert(&pruned, at, version).unwrap_or(merged)
}

/// `whole` with what `pruned` has and what somebody owns.
fn keep_owned(schema: Schema, whole: &Value, pruned: &Value, owned: &Set) -> Value {
    let mut kept = full(schema, pruned);
    kept.union(&with_parents(schema, owned.view()));
    let mut doomed = full(schema, whole);
    doomed.subtract(&kept);
    without(schema, whole, doomed.view())
}

fn full(schema: Schema, value: &Value) -> Set {
    with_parents(schema, fields(schema, value).view())
}
