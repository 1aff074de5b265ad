//! The difference between two states of an object, as the merge patch (RFC 7386) that makes one into the other.

use serde_json::{Map, Value};

/// `None` when nothing differs. Lists are replaced as a whole.
pub(crate) fn between(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (name, value) in new {
        match old.get(name) {
            Some(before) => patch.extend(between(before, value).map(|change| (name.clone(), change))),
            None => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_gone_becomes_null_and_lists_are_replaced() {
        let old = json!({"a": 1, "gone": true, "list": [1, 2], "deep": {"same": 1, "x": 1}});
        let new = json!({"a": 1, "list": [2], "deep": {"same": 1, "x": 2}, "added": {"y": 1}});
        let patch = between(&old, &new);
        assert_eq!(patch, Some(json!({"gone": null, "list": [2], "deep": {"x": 2}, "added": {"y": 1}})));
        assert_eq!(between(&new, &new), None);
    }
}
