//! JSON patch (RFC 6902) with upstream's refusals.

use json_patch::PatchOperation;
use serde_json::Value;

use crate::{Status, status::Details};

/// As many operations as one patch may have.
const MOST: usize = 10_000;

pub(super) fn apply(current: &Value, patch: &Value) -> Result<Value, Status> {
    let operations = match patch {
        Value::Array(operations) => operations.as_slice(),
        Value::Null => &[],
        other => {
            let kind = crate::fields::go_kind(other);
            return Err(Status::bad_request(format!("json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch")));
        }
    };
    if let Some(stray) = operations.iter().find(|operation| !operation.is_object()) {
        let kind = crate::fields::go_kind(stray);
        return Err(Status::bad_request(format!("json: cannot unmarshal {kind} into Go value of type jsonpatch.Operation")));
    }
    if operations.len() > MOST {
        let message = format!(
            "Request entity is too large: The allowed maximum operations in a JSON patch is {MOST}, got {}",
            operations.len()
        );
        return Err(Status::failure(413, "RequestEntityTooLarge", message));
    }
    let mut patched = current.clone();
    for operation in operations {
        // one that is incomplete or unknown is found out only when it is its turn
        let operation: PatchOperation = serde_json::from_value(operation.clone()).map_err(|_| unprocessable())?;
        if expects_absence(&patched, &operation) {
            continue;
        }
        json_patch::patch_unsafe(&mut patched, std::slice::from_ref(&operation)).map_err(|_| unprocessable())?;
    }
    Ok(patched)
}

/// A `test` for null holds where there is nothing: clients guard an `add` with it, and RFC 6902 has no other way to say so.
fn expects_absence(document: &Value, operation: &PatchOperation) -> bool {
    match operation {
        PatchOperation::Test(test) => test.value.is_null() && document.pointer(test.path.as_str()).is_none(),
        _ => false,
    }
}

/// Upstream does not say which operation failed.
pub(super) fn unprocessable() -> Status {
    let message = "the server rejected our request due to an error in our request";
    Status { details: Some(Box::new(Details::default())), ..Status::failure(422, "Invalid", message) }
}
