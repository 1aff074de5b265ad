//! RoleEscalation: nobody gives away rights that he does not have himself, unless he may `escalate` or `bind`.

use api::{Status, kinds};
use serde_json::Value;

use super::{Attributes, Operation, Plugin, Validate};
use crate::{
    authorization::{
        self,
        rbac::rule::{Rule, uncovered},
    },
    request_info::RequestInfo,
};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "RoleEscalation",
    concerns: |attributes| {
        attributes.row.kind.group() == kinds::ROLE.group()
            && matches!(attributes.operation, Operation::Create | Operation::Update)
            && !authorization::is_master(&attributes.call.caller.identity)
    },
    validate: Validate::Now(validate),
    ..Plugin::NOTHING
};

fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    let old = attributes.old.unwrap_or(&Value::Null);
    if value["roleRef"].is_object() { binding(attributes, value, old) } else { role(attributes, value, old) }
}

fn rules(value: &Value) -> Vec<Rule> {
    serde_json::from_value(value["rules"].clone()).unwrap_or_default()
}

fn role(attributes: &Attributes<'_>, role: &Value, old: &Value) -> Result<(), Status> {
    if role["rules"] == old["rules"] && role["aggregationRule"] == old["aggregationRule"]
        || may(attributes, "escalate", None)
    {
        return Ok(());
    }
    let mut wanted = rules(role);
    // what it will be made of is anybody's guess: only who holds everything may say so
    if !role["aggregationRule"].is_null() && role["aggregationRule"] != old["aggregationRule"] {
        let all = || vec!["*".to_owned()];
        wanted.push(Rule { api_groups: all(), resources: all(), verbs: all(), ..Rule::default() });
        wanted.push(Rule { urls: all(), verbs: all(), ..Rule::default() });
    }
    give(attributes, role, &wanted)
}

fn binding(attributes: &Attributes<'_>, binding: &Value, old: &Value) -> Result<(), Status> {
    let text = |name: &str| binding["roleRef"][name].as_str().unwrap_or_default();
    let (kind, name) = (text("kind"), text("name"));
    let plural = if kind == "Role" { kinds::ROLE.plural } else { kinds::CLUSTER_ROLE.plural };
    let unchanged = binding["roleRef"] == old["roleRef"] && binding["subjects"] == old["subjects"];
    if unchanged || may(attributes, "bind", Some((plural, name))) {
        return Ok(());
    }
    let index = attributes.app.rbac.index(&attributes.app.store);
    match index.role(kind, &attributes.call.info.namespace, name) {
        Some(rules) => give(attributes, binding, rules),
        None if kind == "Role" => Err(Status::not_found(&kinds::ROLE, name)),
        None => Err(Status::not_found(&kinds::CLUSTER_ROLE, name)),
    }
}

/// Whether the caller may do `verb` to the object itself, or to the role that is named.
fn may(attributes: &Attributes<'_>, verb: &str, role: Option<(&str, &str)>) -> bool {
    let mut info: RequestInfo = attributes.call.info.clone();
    if let Some((resource, name)) = role {
        info.resource = resource.to_owned();
        info.name = name.to_owned();
    }
    authorization::decide(attributes.app, &attributes.call.caller.identity, verb, &info, "").allowed
}

fn give(attributes: &Attributes<'_>, object: &Value, wanted: &[Rule]) -> Result<(), Status> {
    let identity = &attributes.call.caller.identity;
    let index = attributes.app.rbac.index(&attributes.app.store);
    let held: Vec<&Rule> = index.held(identity, &attributes.call.info.namespace).map(|held| held.rule).collect();
    let mut missing: Vec<String> = uncovered(&held, wanted).iter().map(Rule::to_string).collect();
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort();
    let groups = identity.groups.iter().map(|group| format!("{group:?}")).collect::<Vec<_>>().join(" ");
    let why = format!(
        "user {:?} (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{}",
        identity.name,
        missing.join("\n")
    );
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Err(Status::forbidden(attributes.row.kind, name, &why))
}
