//! Numbers of pods that may be missing or too many while a workload is rolled.

use serde_json::Value;

use crate::field::Error;

/// The number, of percents or of pods.
pub(crate) fn amount(value: &Value) -> i64 {
    let percent = value.as_str().and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse().ok());
    value.as_i64().or(percent).unwrap_or_default()
}

pub(crate) fn number_or_percent(errors: &mut Vec<Error>, path: String, value: &Value) {
    if let Some(text) = value.as_str() {
        let digits = text.strip_suffix('%').unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
            errors.push(Error::invalid(path, text, detail));
        }
        return;
    }
    crate::kinds::checks::not_negative(errors, path, value);
}
