//! What a table shows of a custom object: the values at the paths that its definition names.

use serde_json::Value;

use super::{Version, json_path::Path};
use crate::{Kind, kinds::columns};

/// The cells of one row of the table.
pub(super) fn cells(kind: &Kind, version: &Version, value: &Value) -> Vec<Value> {
    if version.columns.is_empty() {
        return kind.columns.iter().map(|column| (column.cell)(value)).collect();
    }
    let own = kind.columns.iter().skip(1).zip(&version.columns);
    let name = value["metadata"]["name"].clone();
    std::iter::once(name).chain(own.map(|(column, path)| cell(column.kind, path.as_ref(), value))).collect()
}

/// Null where there is nothing of the column's type: clients show `<none>`.
fn cell(kind: &str, path: Option<&Path>, value: &Value) -> Value {
    let Some(found) = path.and_then(|path| path.find(value).first().copied()) else { return Value::Null };
    match (kind, found) {
        ("string", Value::String(_)) => found.clone(),
        ("string", Value::Null) => "<nil>".into(),
        ("string", other) => other.to_string().into(),
        ("integer", Value::Number(number)) => match number.as_i64() {
            Some(_) => found.clone(),
            #[expect(clippy::cast_possible_truncation, reason = "that is what the column asks for")]
            None => number.as_f64().map_or(Value::Null, |number| (number as i64).into()),
        },
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => found.clone(),
        ("date", Value::String(text)) => match text.parse::<jiff::Timestamp>() {
            Ok(_) => columns::age(found),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_have_the_columns_type() {
        let value = json!({ "a": "x", "n": 3, "f": 2.5, "b": true, "o": { "k": 1 }, "t": "soon" });
        let cases = [
            ("string", ".a", json!("x")),
            ("string", ".n", json!("3")),
            ("string", ".o", json!("{\"k\":1}")),
            ("integer", ".n", json!(3)),
            ("integer", ".f", json!(2)),
            ("integer", ".a", Value::Null),
            ("number", ".f", json!(2.5)),
            ("boolean", ".b", json!(true)),
            ("date", ".t", json!("<invalid>")),
            ("string", ".none", Value::Null),
        ];
        for (kind, path, expected) in cases {
            assert_eq!(cell(kind, Path::parse(path).ok().as_ref(), &value), expected, "{kind} {path}");
        }
    }
}
