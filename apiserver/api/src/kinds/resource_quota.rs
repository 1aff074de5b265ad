//! ResourceQuota: how much a namespace may hold.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        checks::{IMMUTABLE, NOT_NEGATIVE, members},
        read::{at, list, text},
        status,
    },
    names,
    quantity::Quantity,
    quota,
};

pub static KIND: Kind = Kind {
    kind: "ResourceQuota",
    plural: "resourcequotas",
    short_names: &["quota"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.ResourceQuota")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Request", |object| shown(object, |name| !name.starts_with("limits."))),
        Column::text("Limit", |object| shown(object, |name| name.starts_with("limits."))),
        Column::AGE,
    ],
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate: |quota| spec(at(quota, &["spec"])),
    validate_update: |new, old| {
        let scopes = |quota: &Value| {
            let mut scopes: Vec<String> = list(quota, &["spec", "scopes"]).iter().map(ToString::to_string).collect();
            scopes.sort();
            scopes.dedup();
            scopes
        };
        if scopes(new) == scopes(old) {
            return Vec::new();
        }
        vec![Error::invalid("spec.scopes", at(new, &["spec", "scopes"]).clone(), IMMUTABLE)]
    },
    validate_status: |new, _| {
        let mut errors = Vec::new();
        amounts(&mut errors, "status.hard", at(new, &["status", "hard"]));
        amounts(&mut errors, "status.used", at(new, &["status", "used"]));
        errors
    },
    ..Kind::NAMESPACED
};

/// `cpu: 1/2, memory: 1Gi/2Gi`.
fn shown(object: &Value, which: fn(&str) -> bool) -> Value {
    let amount = |list: &str, name: &str| at(object, &["status", list, name]).as_str().unwrap_or("0").to_owned();
    let hard = members(at(object, &["status", "hard"])).filter(|(name, _)| which(name));
    let parts: Vec<String> =
        hard.map(|(name, _)| format!("{name}: {}/{}", amount("used", name), amount("hard", name))).collect();
    parts.join(", ").into()
}

/// `pkg/apis/core/validation/validation.go`, `ValidateResourceQuotaSpec`.
fn spec(spec: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    amounts(&mut errors, "spec.hard", at(spec, &["hard"]));
    scopes(&mut errors, spec);
    scope_selector(&mut errors, spec);
    errors
}

fn amounts(errors: &mut Vec<Error>, path: &str, list: &Value) {
    for (name, amount) in members(list) {
        let path = format!("{path}[{name}]");
        let wrong = names::qualified(name);
        let standard = name.contains('/') || quota::is_standard(name);
        if wrong.is_empty() && !standard {
            errors.push(Error::invalid(path.as_str(), name.as_str(), "must be a standard resource type or fully qualified"));
            errors.push(Error::invalid(path.as_str(), name.as_str(), "must be a standard resource for quota"));
        }
        errors.extend(Error::each(&path, name.as_str(), wrong));
        let Some(quantity) = amount.as_str().and_then(|text| Quantity::parse(text).ok()) else { continue };
        if quantity.is_negative() {
            errors.push(Error::invalid(path.as_str(), quantity.to_string(), NOT_NEGATIVE));
        }
        if quota::is_counted(name) && !quantity.is_whole() {
            errors.push(Error::invalid(path, quantity.to_string(), "must be an integer"));
        }
    }
}

const SCOPES: [&str; 6] =
    ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"];

fn conflicting(names: &[&str]) -> bool {
    let both = |a: &str, b: &str| names.contains(&a) && names.contains(&b);
    both("BestEffort", "NotBestEffort") || both("Terminating", "NotTerminating")
}

fn scopes(errors: &mut Vec<Error>, spec: &Value) {
    let said = at(spec, &["scopes"]);
    let names: Vec<&str> = list(spec, &["scopes"]).iter().filter_map(Value::as_str).collect();
    for name in &names {
        if !SCOPES.contains(name) {
            errors.push(Error::invalid("spec.scopes", said.clone(), "unsupported scope"));
        }
        if members(at(spec, &["hard"])).any(|(resource, _)| !quota::is_scoped(name, resource)) {
            errors.push(Error::invalid("spec.scopes", said.clone(), "unsupported scope applied to resource"));
        }
    }
    if conflicting(&names) {
        errors.push(Error::invalid("spec.scopes", said.clone(), "conflicting scopes"));
    }
}

fn scope_selector(errors: &mut Vec<Error>, spec: &Value) {
    const PATH: &str = "spec.scopeSelector.matchExpressions";
    let said = list(spec, &["scopeSelector", "matchExpressions"]);
    for expression in said {
        let (name, operator) = (text(expression, &["scopeName"]), text(expression, &["operator"]));
        if !SCOPES.contains(&name) {
            errors.push(Error::invalid(format!("{PATH}.scopeName"), name, "unsupported scope"));
        }
        if name != "PriorityClass" && operator != "Exists" {
            let why = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(Error::invalid(format!("{PATH}.operator"), operator, why));
        }
        let values = list(expression, &["values"]);
        match operator {
            "In" | "NotIn" if values.is_empty() => errors.push(Error::required(
                format!("{PATH}.values"),
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            )),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(Error::invalid(
                format!("{PATH}.values"),
                at(expression, &["values"]).clone(),
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(Error::invalid(format!("{PATH}.operator"), other, "not a valid selector operator")),
        }
    }
    let names: Vec<&str> = said.iter().map(|expression| text(expression, &["scopeName"])).collect();
    if conflicting(&names) {
        errors.push(Error::invalid(PATH, at(spec, &["scopeSelector", "matchExpressions"]).clone(), "conflicting scopes"));
    }
}
