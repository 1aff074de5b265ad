//! Errors of single fields, in upstream's words (`field.Error` of apimachinery).

use std::fmt;

use serde_json::Value;

/// What is wrong with a field; `reason()` is the cause's reason in a Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    Internal,
    TypeInvalid,
}

/// One complaint. `Display` is the whole sentence: ``spec.replicas: Invalid value: -1: must be ...``.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    pub problem: Problem,
    pub field: String,
    /// The bad value, where the sentence shows it.
    pub value: Option<Value>,
    pub detail: String,
}

impl Error {
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { problem: Problem::Required, field: field.into(), value: None, detail: detail.into() }
    }

    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self { problem: Problem::Invalid, field: field.into(), value: Some(value.into()), detail: detail.into() }
    }

    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { problem: Problem::Duplicate, field: field.into(), value: Some(value.into()), detail: String::new() }
    }

    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { problem: Problem::Forbidden, field: field.into(), value: None, detail: detail.into() }
    }

    pub fn not_found(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { problem: Problem::NotFound, field: field.into(), value: Some(value.into()), detail: String::new() }
    }

    /// `supported` is listed as it comes: some of upstream's lists are sorted, some are not.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let list: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        let detail = if list.is_empty() { String::new() } else { format!("supported values: {}", list.join(", ")) };
        Self { problem: Problem::NotSupported, field: field.into(), value: Some(value.into()), detail }
    }

    pub fn too_long(field: impl Into<String>, max: usize) -> Self {
        let detail = format!("may not be more than {max} bytes");
        Self { problem: Problem::TooLong, field: field.into(), value: None, detail }
    }

    pub fn too_many(field: impl Into<String>, actual: usize, max: usize) -> Self {
        let plural = if max == 1 { "" } else { "s" };
        let detail = format!("must have at most {max} item{plural}");
        Self { problem: Problem::TooMany, field: field.into(), value: Some(actual.into()), detail }
    }

    /// The server's fault, not the user's.
    pub fn internal(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { problem: Problem::Internal, field: field.into(), value: None, detail: detail.into() }
    }

    /// One complaint each of `details` about the same value.
    pub fn each(field: &str, value: impl Into<Value>, details: Vec<String>) -> Vec<Self> {
        let value = value.into();
        details.into_iter().map(|detail| Self::invalid(field, value.clone(), detail)).collect()
    }

    pub fn reason(&self) -> &'static str {
        match self.problem {
            Problem::NotFound => "FieldValueNotFound",
            Problem::Required => "FieldValueRequired",
            Problem::Duplicate => "FieldValueDuplicate",
            Problem::Invalid => "FieldValueInvalid",
            Problem::NotSupported => "FieldValueNotSupported",
            Problem::Forbidden => "FieldValueForbidden",
            Problem::TooLong => "FieldValueTooLong",
            Problem::TooMany => "FieldValueTooMany",
            Problem::Internal => "InternalError",
            Problem::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    /// The sentence without the field's name: a cause's message.
    pub fn body(&self) -> String {
        let what = match self.problem {
            Problem::NotFound => "Not found",
            Problem::Required => "Required value",
            Problem::Duplicate => "Duplicate value",
            Problem::Invalid | Problem::TypeInvalid => "Invalid value",
            Problem::NotSupported => "Unsupported value",
            Problem::Forbidden => "Forbidden",
            Problem::TooLong => "Too long",
            Problem::TooMany => "Too many",
            Problem::Internal => "Internal error",
        };
        let mut body = what.to_owned();
        if let Some(value) = &self.value {
            body = format!("{body}: {value}");
        }
        if !self.detail.is_empty() {
            body = format!("{body}: {}", self.detail);
        }
        body
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}
