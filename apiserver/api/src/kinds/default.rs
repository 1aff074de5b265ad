//! Filling in what a user left out. An explicit null counts as left out, as for a decoder of typed objects.

use serde_json::{Map, Value};

/// The object called `name` in `value`, made if it is missing.
pub(crate) fn member<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    let member = &mut value[name];
    if member.is_null() {
        *member = Value::Object(Map::new());
    }
    member
}

/// Sets `name` if nobody has.
pub(crate) fn set(value: &mut Value, name: &str, default: impl Into<Value>) {
    let member = &mut value[name];
    if member.is_null() {
        *member = default.into();
    }
}

/// The same for strings, where the empty one means "unset".
pub(crate) fn set_text(value: &mut Value, name: &str, default: &str) {
    let member = &mut value[name];
    if member.is_null() || member == "" {
        *member = default.into();
    }
}

/// The members of the list called `name`; none if there is no list.
pub(crate) fn items<'a>(value: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}
