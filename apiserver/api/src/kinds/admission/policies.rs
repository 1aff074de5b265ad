//! Policies and their bindings: defaults and rules (`pkg/apis/admissionregistration/validation/validation.go`).

use serde_json::Value;

use super::{
    FAILURE_POLICIES, MATCH_POLICIES, default_scopes, default_selectors, expression, match_conditions, rules, supported,
    texts,
};
use crate::{
    field::Error,
    kinds::{
        checks,
        default::set,
        read::{at, is_empty, list, text},
    },
    names,
};

/// What every expression of a policy may speak of; parameters only where the policy has a kind of them.
pub(super) fn variables(policy: &Value) -> Vec<&'static str> {
    let mut variables = vec!["object", "oldObject", "request", "authorizer", "namespaceObject", "variables"];
    if at(policy, &["spec", "paramKind"]).is_object() {
        variables.push("params");
    }
    variables
}

pub(super) fn default(policy: &mut Value) {
    set(&mut policy["spec"], "failurePolicy", "Fail");
    if policy["spec"]["matchConstraints"].is_object() {
        default_match(&mut policy["spec"]["matchConstraints"]);
    }
}

pub(super) fn default_binding(binding: &mut Value) {
    if binding["spec"]["matchResources"].is_object() {
        default_match(&mut binding["spec"]["matchResources"]);
    }
}

fn default_match(resources: &mut Value) {
    default_selectors(resources);
    default_scopes(resources.get_mut("resourceRules"));
    default_scopes(resources.get_mut("excludeResourceRules"));
}

/// What policies of both sorts share.
pub(super) fn validate(errors: &mut Vec<Error>, policy: &Value) {
    let spec = at(policy, &["spec"]);
    let declared = variables(policy);
    required(errors, "spec.failurePolicy", spec, "failurePolicy", &FAILURE_POLICIES);
    param_kind(errors, at(spec, &["paramKind"]));
    let constraints = at(spec, &["matchConstraints"]);
    if constraints.is_null() {
        errors.push(Error::required("spec.matchConstraints", ""));
    } else {
        match_resources(errors, "spec.matchConstraints", constraints);
        if list(constraints, &["resourceRules"]).is_empty() {
            errors.push(Error::required("spec.matchConstraints.resourceRules", ""));
        }
    }
    let conditions = list(spec, &["matchConditions"]);
    match_conditions(errors, "spec.matchConditions", conditions, &declared);
    for (i, variable) in list(spec, &["variables"]).iter().enumerate() {
        let path = format!("spec.variables[{i}]");
        let name = text(variable, &["name"]);
        if name.trim().is_empty() {
            errors.push(Error::required(format!("{path}.name"), "name is not specified"));
        } else if !is_identifier(name) {
            errors.push(Error::invalid(format!("{path}.name"), name, "name is not a valid CEL identifier"));
        }
        body(errors, format!("{path}.expression"), text(variable, &["expression"]), &declared);
    }
}

/// An expression that must be there and compile.
pub(super) fn body(errors: &mut Vec<Error>, path: String, said: &str, declared: &[&str]) {
    if said.trim().is_empty() {
        errors.push(Error::required(path, "expression is not specified"));
    } else {
        expression(errors, path, said, declared);
    }
}

fn required(errors: &mut Vec<Error>, path: &str, value: &Value, name: &str, known: &[&str]) {
    match at(value, &[name]) {
        said if is_empty(said) => errors.push(Error::required(path, "")),
        said => supported(errors, path.to_owned(), said, known),
    }
}

pub(super) fn is_identifier(name: &str) -> bool {
    const RESERVED: [&str; 22] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
        "",
    ];
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !RESERVED.contains(&name) && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn param_kind(errors: &mut Vec<Error>, kind: &Value) {
    if kind.is_null() {
        return;
    }
    let api_version = text(kind, &["apiVersion"]);
    if api_version.is_empty() {
        errors.push(Error::required("spec.paramKind.apiVersion", ""));
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    for wrong in if group.is_empty() { Vec::new() } else { names::dns_subdomain(group) } {
        errors.push(Error::invalid("spec.paramKind.apiVersion", group, wrong));
    }
    for wrong in if version.is_empty() { Vec::new() } else { names::dns_label_1035(version) } {
        errors.push(Error::invalid("spec.paramKind.apiVersion", version, wrong));
    }
    let name = text(kind, &["kind"]);
    if name.is_empty() {
        errors.push(Error::required("spec.paramKind.kind", ""));
    } else {
        for wrong in names::dns_label_1035(&name.to_lowercase()) {
            let why = format!("may have mixed case, but should otherwise match: {wrong}");
            errors.push(Error::invalid("spec.paramKind.kind", name, why));
        }
    }
}

fn match_resources(errors: &mut Vec<Error>, path: &str, resources: &Value) {
    required(errors, &format!("{path}.matchPolicy"), resources, "matchPolicy", &MATCH_POLICIES);
    for name in ["namespaceSelector", "objectSelector"] {
        match at(resources, &[name]) {
            Value::Null => errors.push(Error::required(format!("{path}.{name}"), "")),
            selector => checks::label_selector(errors, &format!("{path}.{name}"), selector),
        }
    }
    for name in ["resourceRules", "excludeResourceRules"] {
        for (i, rule) in list(resources, &[name]).iter().enumerate() {
            let path = format!("{path}.{name}[{i}]");
            let names = texts(rule, &["resourceNames"]);
            for (j, name) in names.iter().enumerate() {
                if names[..j].contains(name) {
                    errors.push(Error::duplicate(format!("{path}.resourceNames[{j}]"), *name));
                }
            }
            rules::validate(errors, &path, rule);
        }
    }
}

/// What bindings of both sorts share.
pub(super) fn validate_binding(errors: &mut Vec<Error>, binding: &Value) {
    let spec = at(binding, &["spec"]);
    checks::named(errors, "spec.policyName".to_owned(), text(spec, &["policyName"]), names::dns_subdomain);
    param_ref(errors, at(spec, &["paramRef"]));
    if at(spec, &["matchResources"]).is_object() {
        // Upstream's own spelling.
        match_resources(errors, "spec.matchResouces", at(spec, &["matchResources"]));
    }
}

fn param_ref(errors: &mut Vec<Error>, reference: &Value) {
    const PATH: &str = "spec.paramRef";
    if reference.is_null() {
        return;
    }
    let (name, selector) = (text(reference, &["name"]), at(reference, &["selector"]));
    let exclusive = "name and selector are mutually exclusive";
    match (name.is_empty(), selector.is_null()) {
        (true, true) => errors.push(Error::required(PATH, "one of name or selector must be specified")),
        (false, false) => {
            errors.push(Error::forbidden(format!("{PATH}.name"), exclusive));
            errors.push(Error::forbidden(format!("{PATH}.selector"), exclusive));
        }
        _ => {}
    }
    checks::label_selector(errors, &format!("{PATH}.selector"), selector);
    let path = format!("{PATH}.parameterNotFoundAction");
    required(errors, &path, reference, "parameterNotFoundAction", &["Deny", "Allow"]);
}
