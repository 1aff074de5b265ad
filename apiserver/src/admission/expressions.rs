//! What expressions of webhooks and policies speak of: the objects, the request, the namespace, the parameters.

use api::{
    cel::{Expression, Scope},
    kind::Version,
    schema,
};
use serde_json::Value;

use super::{Attributes, review};

/// Variables of the request: `object`, `oldObject`, `request`.
pub(super) fn scope(attributes: &Attributes<'_>, version: &'static Version, object: &Value, old: &Value) -> Scope {
    let mut scope = Scope::default();
    let body = attributes.body();
    let schema = if attributes.has_own_body() {
        schema::find_kind(body.group, body.version, body.kind)
    } else {
        attributes.row.kind.type_in(version)
    };
    scope.set("object", schema, object);
    scope.set("oldObject", schema, old);
    scope.set("request", None, &request(attributes, version, object));
    scope
}

/// Upstream's `request`: an AdmissionRequest without the objects.
fn request(attributes: &Attributes<'_>, version: &'static Version, object: &Value) -> Value {
    let mut request = review::request(attributes, version, "", object);
    if let Some(members) = request.as_object_mut() {
        members.remove("uid");
        members.remove("object");
        members.remove("oldObject");
    }
    request
}

/// What match conditions make of a request.
pub(super) enum Conditions {
    Hold,
    /// One of them is false: the request is not meant.
    Fail,
    /// None is false, and of some nobody knows.
    Unknown(Vec<String>),
}

pub(super) fn conditions<'a>(scope: &Scope, conditions: impl Iterator<Item = &'a (String, Expression)>) -> Conditions {
    let mut unknown = Vec::new();
    for (name, condition) in conditions {
        match scope.holds(condition) {
            Ok(true) => {}
            Ok(false) => return Conditions::Fail,
            Err(why) => unknown.push(format!("expression '{name}' resulted in error: {why}")),
        }
    }
    if unknown.is_empty() { Conditions::Hold } else { Conditions::Unknown(unknown) }
}

/// `[{name, expression}]`, compiled; validation has seen to it that it can be.
pub(super) fn compile_conditions(said: &Value, declared: &[&str]) -> Result<Vec<(String, Expression)>, String> {
    let said = said.as_array().into_iter().flatten();
    said.map(|condition| {
        let text = condition["expression"].as_str().unwrap_or_default().trim();
        Expression::compile(text, declared).map(|compiled| (text.to_owned(), compiled))
    })
    .collect()
}
