//! The record of a create, written straight as JSON: most objects are written once, and trees of owned fields would cost
//! them more than all the rest of their way.

use serde_json::{Map, Value};

use super::{
    Request, Versions,
    atom::{Atom, By, Fields, Schema},
    compare::UNOWNED,
    step,
};

/// The list of one entry that says what `new` sets beyond the zero value; none if there is nothing to say in this way: no
/// field is owned, or items share a name.
pub(super) fn created(request: &Request<'_>, versions: &dyn Versions, new: &Value) -> Option<String> {
    let schema = versions.schema(request.api_version)?;
    let zero = versions.zero(request.api_version);
    let (zero, new) = (zero.as_object()?, new.as_object()?);
    let Atom::Map { of, .. } = schema.atom(Some(&Value::Object(Map::new()))) else { return None };
    let mut text = String::with_capacity(1024);
    text.push_str(r#"[{"apiVersion":"#);
    quote(&mut text, request.api_version);
    text.push_str(r#","fieldsType":"FieldsV1","manager":"#);
    quote(&mut text, request.manager);
    text.push_str(r#","operation":"Update","time":"#);
    quote(&mut text, request.now);
    if !request.subresource.is_empty() {
        text.push_str(r#","subresource":"#);
        quote(&mut text, request.subresource);
    }
    text.push_str(r#","fieldsV1":{"#);
    let begun = text.len();
    for (name, value) in new {
        match name.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => metadata(&mut text, of.of(name), zero.get(name), value)?,
            name if request.ignored.contains(&name) => {}
            name => field(&mut text, of, name, zero.get(name), value)?,
        }
    }
    if text.len() == begun {
        return None;
    }
    text.push_str("}}]");
    Some(text)
}

/// `metadata` is nobody's itself, and neither are the server's fields in it.
fn metadata(text: &mut String, schema: Schema, zero: Option<&Value>, new: &Value) -> Option<()> {
    let Atom::Map { of, .. } = schema.atom(Some(&Value::Object(Map::new()))) else { return None };
    let begun = text.len();
    begin(text, "f:metadata");
    text.push('{');
    let opened = text.len();
    for (name, value) in new.as_object()?.iter().filter(|(name, _)| !UNOWNED.contains(&name.as_str())) {
        field(text, of, name, zero.and_then(|zero| zero.get(name)), value)?;
    }
    if text.len() == opened {
        text.truncate(begun)
    } else {
        text.push('}')
    }
    Some(())
}

fn field(text: &mut String, of: Fields, name: &str, zero: Option<&Value>, new: &Value) -> Option<()> {
    let begun = text.len();
    separate(text);
    text.push('"');
    text.push_str("f:");
    inside_quotes(text, name);
    text.push_str("\":");
    if !node(text, of.of(name), zero, new)? {
        text.truncate(begun);
    }
    Some(())
}

/// Writes the node of a value, and says whether there is anything of it in the set; none: it cannot be said here.
fn node(text: &mut String, schema: Schema, zero: Option<&Value>, new: &Value) -> Option<bool> {
    match schema.atom(Some(new).filter(|new| !new.is_null()).or(zero)) {
        Atom::Map { of, atomic: false } => {
            let map = new.as_object().filter(|map| !map.is_empty());
            let Some(map) = map else {
                return Some(leaf(text, new.is_object() && zero.is_none_or(|zero| !zero.is_object())));
            };
            let opened = open(text, zero.is_none());
            for (name, value) in map {
                field(text, of, name, zero.and_then(|zero| zero.get(name)), value)?;
            }
            Some(close(text, opened))
        }
        Atom::List { item, by: by @ (By::Value | By::Keys(_)) } => {
            let list = new.as_array().filter(|list| !list.is_empty());
            let Some(list) = list else {
                return Some(leaf(text, new.is_array() && zero.is_none_or(|zero| !zero.is_array())));
            };
            let names =
                list.iter().map(|value| step::item(by, item, value)).collect::<Result<Vec<String>, String>>().ok()?;
            if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
                return None;
            }
            let opened = open(text, zero.is_none());
            for (name, value) in names.iter().zip(list) {
                begin(text, name);
                node(text, item, None, value)?;
            }
            Some(close(text, opened))
        }
        Atom::Scalar(_) | Atom::Map { .. } | Atom::List { .. } => Some(leaf(text, zero != Some(new))),
    }
}

fn leaf(text: &mut String, member: bool) -> bool {
    if member {
        text.push_str("{}");
    }
    member
}

/// Begins a node; the answer is where its contents begin.
fn open(text: &mut String, member: bool) -> usize {
    text.push('{');
    let opened = text.len();
    if member {
        text.push_str("\".\":{}");
    }
    opened
}

fn close(text: &mut String, opened: usize) -> bool {
    let any = text.len() > opened;
    text.push('}');
    any
}

fn begin(text: &mut String, step: &str) {
    separate(text);
    quote(text, step);
    text.push(':');
}

fn separate(text: &mut String) {
    if !text.ends_with('{') {
        text.push(',');
    }
}

fn quote(text: &mut String, part: &str) {
    text.push('"');
    inside_quotes(text, part);
    text.push('"');
}

fn inside_quotes(text: &mut String, part: &str) {
    if part.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        text.push_str(part);
    } else {
        let quoted = Value::from(part).to_string();
        text.push_str(&quoted[1..quoted.len() - 1]);
    }
}
