//! What expressions of webhooks and policies speak of: the objects, the request, the namespace, the parameters.

use std::sync::Arc;

use api::{
    Identity,
    cel::{
        self, Expression, Scope,
        authorizer::{Authorizer, Decision, Question},
    },
    kind::Version,
    schema,
};
use serde_json::Value;

use super::{Attributes, review};
use crate::{authorization, request_info::RequestInfo};

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
    let decide = decider(attributes);
    scope.set_value(cel::REQUEST_RESOURCE, Authorizer::about(this_resource(attributes, object), decide.clone()));
    scope.set_value("authorizer", Authorizer::value(decide));
    scope
}

/// Answers what expressions ask of `authorizer`, for the caller or for a ServiceAccount, by the rules as they are now.
fn decider(attributes: &Attributes<'_>) -> impl Fn(&Question) -> Decision + Clone + Send + Sync + use<> {
    let caller = Arc::clone(&attributes.call.caller.identity);
    let index = attributes.app.rbac.index(&attributes.app.store);
    move |question| {
        let account = question.service_account.as_ref().map(|(namespace, name)| {
            let groups = [format!("system:serviceaccounts:{namespace}"), "system:serviceaccounts".to_owned()];
            Identity::new(&format!("system:serviceaccount:{namespace}:{name}"), &groups.each_ref().map(String::as_str))
        });
        let info = RequestInfo {
            group: question.group.clone(),
            resource: question.resource.clone(),
            subresource: question.subresource.clone(),
            namespace: question.namespace.clone(),
            name: question.name.clone(),
            ..RequestInfo::default()
        };
        let identity = account.as_ref().unwrap_or(&caller);
        let decision = authorization::decide_by(&index, identity, &question.verb, &info, &question.path);
        Decision { allowed: decision.allowed, reason: decision.reason }
    }
}

fn this_resource(attributes: &Attributes<'_>, object: &Value) -> Question {
    Question {
        group: attributes.row.version.group.to_owned(),
        resource: attributes.row.kind.plural.to_owned(),
        subresource: attributes.call.info.subresource.clone(),
        namespace: attributes.namespace().to_owned(),
        name: attributes.name(object).to_owned(),
        ..Question::default()
    }
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
