//! Where list items stand after a merge: what the patch names in the patch's order, the rest between them where the live list had it.

use serde_json::Value;

/// Says whether two items are the same one.
pub(super) type Same<'a> = &'a dyn Fn(&Value, &Value) -> bool;

/// Orders `merged`. Items found in `wanted` take its order; the others keep that of `live` and are put before the first wanted
/// item which `live` has behind them.
pub(super) fn arrange(merged: Vec<Value>, wanted: &[Value], live: &[Value], same: Same<'_>) -> Vec<Value> {
    let index = |list: &[Value], item: &Value| list.iter().position(|other| same(other, item));
    let (mut named, mut others): (Vec<_>, Vec<_>) = merged.into_iter().partition(|item| index(wanted, item).is_some());
    named.sort_by_key(|item| index(wanted, item));
    others.sort_by_key(|item| index(live, item));

    let mut result = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        let place = index(live, &item);
        while let Some(other) = others.next_if(|other| matches!((index(live, other), place), (Some(l), Some(r)) if l < r)) {
            result.push(other);
        }
        result.push(item);
    }
    result.extend(others);
    result
}
