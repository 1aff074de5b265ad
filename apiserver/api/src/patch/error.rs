//! What may be wrong with a strategic merge patch, in upstream's words and with its codes.

use serde_json::Value;

use crate::Status;

/// What is wrong with a patch, in upstream's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("invalid JSON document")]
    NotAnObject,
    #[error("invalid patch format of primitive list")]
    PrimitiveList,
    #[error("invalid patch format of retainKeys")]
    RetainKeys,
    #[error("invalid patch format of setElementOrder list")]
    ElementOrder,
    #[error("lists of lists are not supported")]
    ListOfLists,
    #[error("unknown patch type: {directive} in map: {map}")]
    UnknownDirective { directive: String, map: String },
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    #[error("map: {map} does not contain declared merge key: {key}")]
    NoMergeKey { map: String, key: &'static str },
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    #[error("cannot merge lists without merge key for type {0}")]
    UndeclaredMergeKey(&'static str),
    #[error("The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch { patch: String, order: String },
    #[error("unable to find api field in struct {owner} for the json field {field:?}")]
    UnknownField { owner: &'static str, field: String },
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotAnObject | Error::PrimitiveList | Error::RetainKeys | Error::ElementOrder => {
                Self::bad_request(error.to_string())
            }
            Error::ListOfLists => super::json::unprocessable(),
            // upstream takes the rest for its own fault, and gives no reason
            _ => Self::failure(500, "", error.to_string()),
        }
    }
}

/// `value` as Go prints a decoded JSON value: part of upstream's messages.
pub fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(go).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(name, value)| format!("{name}:{}", go(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        scalar => scalar.to_string(),
    }
}
