//! Names of the kind: of resources and in `apiVersion`/`kind`.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::read::{list, text},
    names::dns_label_1035,
};

pub(super) fn check(errors: &mut Vec<Error>, path: &str, names: &Value) {
    for name in ["plural", "singular"] {
        let value = text(names, &[name]);
        let bad = dns_label_1035(value);
        if !value.is_empty() && !bad.is_empty() {
            errors.push(Error::invalid(format!("{path}.{name}"), value, bad.join(",")));
        }
    }
    for name in ["kind", "listKind"] {
        let value = text(names, &[name]);
        let bad = dns_label_1035(&value.to_lowercase());
        if !value.is_empty() && !bad.is_empty() {
            let detail = format!("may have mixed case, but should otherwise match: {}", bad.join(","));
            errors.push(Error::invalid(format!("{path}.{name}"), value, detail));
        }
    }
    each(errors, &format!("{path}.shortNames"), list(names, &["shortNames"]));
    let kind = text(names, &["kind"]);
    if !kind.is_empty() && kind == text(names, &["listKind"]) {
        errors.push(Error::invalid(format!("{path}.listKind"), kind, "kind and listKind may not be the same"));
    }
    each(errors, &format!("{path}.categories"), list(names, &["categories"]));
}

fn each(errors: &mut Vec<Error>, path: &str, names: &[Value]) {
    for (i, name) in names.iter().filter_map(Value::as_str).enumerate() {
        let bad = dns_label_1035(name);
        if !bad.is_empty() {
            errors.push(Error::invalid(format!("{path}[{i}]"), name, bad.join(",")));
        }
    }
}
