//! Keeping spec and status apart: an object's own path never writes its status.

use serde_json::{Map, Value};

/// On create: whatever the user says of the status is replaced.
pub(crate) fn reset(object: &mut Value, status: Value) {
    object["status"] = status;
}

/// On create, of a status that starts empty.
pub(crate) fn clear(object: &mut Value) {
    reset(object, Value::Object(Map::new()));
}

/// On update: the stored status stays.
pub(crate) fn keep(new: &mut Value, old: &Value) {
    match (old.get("status"), new.as_object_mut()) {
        (Some(status), _) => new["status"] = status.clone(),
        (None, Some(members)) => {
            members.remove("status");
        }
        (None, None) => {}
    }
}
