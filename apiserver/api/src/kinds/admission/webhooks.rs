//! Webhooks of both sorts: defaults and rules.

use serde_json::Value;

use super::{
    FAILURE_POLICIES, MATCH_POLICIES, default_scopes, default_selectors, match_conditions, rules, supported, texts,
};
use crate::{
    field::Error,
    kinds::{
        checks,
        default::{items, set},
        read::{at, list, text},
    },
    names,
};

/// What expressions may speak of.
const VARIABLES: [&str; 4] = ["object", "oldObject", "request", "authorizer"];
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];

/// `pkg/apis/admissionregistration/v1/defaults.go`.
pub(super) fn default(configuration: &mut Value) {
    for webhook in items(configuration, "webhooks") {
        set(webhook, "failurePolicy", "Fail");
        set(webhook, "timeoutSeconds", 10);
        default_selectors(webhook);
        default_scopes(webhook.get_mut("rules"));
        if let Some(service) = webhook.pointer_mut("/clientConfig/service").filter(|service| service.is_object()) {
            set(service, "port", 443);
        }
    }
}

/// `pkg/apis/admissionregistration/validation/validation.go`.
pub(super) fn validate(configuration: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let webhooks = list(configuration, &["webhooks"]);
    for (i, webhook) in webhooks.iter().enumerate() {
        let path = format!("webhooks[{i}]");
        webhook_fields(&mut errors, &path, webhook);
        review_versions(&mut errors, &format!("{path}.admissionReviewVersions"), webhook);
        let name = text(webhook, &["name"]);
        if !name.is_empty() && webhooks[..i].iter().any(|before| text(before, &["name"]) == name) {
            errors.push(Error::duplicate(format!("{path}.name"), name));
        }
    }
    errors
}

fn webhook_fields(errors: &mut Vec<Error>, path: &str, webhook: &Value) {
    fully_qualified(errors, format!("{path}.name"), text(webhook, &["name"]));
    for (i, rule) in list(webhook, &["rules"]).iter().enumerate() {
        rules::validate(errors, &format!("{path}.rules[{i}]"), rule);
    }
    supported(errors, format!("{path}.failurePolicy"), at(webhook, &["failurePolicy"]), &FAILURE_POLICIES);
    supported(errors, format!("{path}.matchPolicy"), at(webhook, &["matchPolicy"]), &MATCH_POLICIES);
    match webhook.get("sideEffects").and_then(Value::as_str) {
        None => errors.push(Error::required(format!("{path}.sideEffects"), "must specify one of None, NoneOnDryRun")),
        Some(effects) if SIDE_EFFECTS.contains(&effects) => {}
        Some(effects) => errors.push(Error::not_supported(format!("{path}.sideEffects"), effects, &SIDE_EFFECTS)),
    }
    if let Some(seconds) = at(webhook, &["timeoutSeconds"]).as_i64().filter(|seconds| !(1..=30).contains(seconds)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        errors.push(Error::invalid(format!("{path}.timeoutSeconds"), seconds, why));
    }
    for selector in ["namespaceSelector", "objectSelector"] {
        checks::label_selector(errors, &format!("{path}.{selector}"), at(webhook, &[selector]));
    }
    let policy = at(webhook, &["reinvocationPolicy"]);
    supported(errors, format!("{path}.reinvocationPolicy"), policy, &["IfNeeded", "Never"]);
    client_config(errors, &format!("{path}.clientConfig"), at(webhook, &["clientConfig"]));
    match_conditions(errors, &format!("{path}.matchConditions"), list(webhook, &["matchConditions"]), &VARIABLES);
}

/// At least three labels: `a.example.com`.
fn fully_qualified(errors: &mut Vec<Error>, path: String, name: &str) {
    if name.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    let wrong = names::dns_subdomain(name);
    if !wrong.is_empty() {
        errors.push(Error::invalid(path, name, wrong.join(",")));
    } else if name.split('.').count() < 3 {
        errors.push(Error::invalid(path, name, "should be a domain with at least three segments separated by dots"));
    }
}

/// `staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go`.
pub(crate) fn client_config(errors: &mut Vec<Error>, path: &str, config: &Value) {
    let (url, service) = (at(config, &["url"]), at(config, &["service"]));
    match (url.as_str(), service.is_object()) {
        (None, false) | (Some(_), true) => {
            errors.push(Error::required(path, "exactly one of url or service is required"));
        }
        (Some(url), false) => webhook_url(errors, &format!("{path}.url"), url),
        (None, true) => webhook_service(errors, &format!("{path}.service"), service),
    }
}

fn webhook_url(errors: &mut Vec<Error>, path: &str, url: &str) {
    const FORM: &str = "; desired format: https://host[/path]";
    let mut refuse = |value: &str, why: &str| errors.push(Error::invalid(path, value, format!("{why}{FORM}")));
    let Ok(parsed) = url.parse::<http::Uri>() else {
        return errors.push(Error::required(path, format!("url must be a valid URL: parse {url:?}: invalid URI{FORM}")));
    };
    let scheme = parsed.scheme_str().unwrap_or_default();
    if scheme != "https" {
        refuse(scheme, "'https' is the only allowed URL scheme");
    }
    match parsed.authority() {
        Some(authority) if authority.host().is_empty() => refuse("", "host must be specified"),
        None => refuse("", "host must be specified"),
        Some(authority) if authority.as_str().contains('@') => {
            let user = authority.as_str().split('@').next().unwrap_or_default().to_owned();
            errors.push(Error::invalid(path, user, "user information is not permitted in the URL"));
        }
        Some(_) => {}
    }
    if let Some((_, fragment)) = url.split_once('#') {
        errors.push(Error::invalid(path, fragment, "fragments are not permitted in the URL"));
    }
    if let Some(query) = parsed.query() {
        errors.push(Error::invalid(path, query, "query parameters are not permitted in the URL"));
    }
}

fn webhook_service(errors: &mut Vec<Error>, path: &str, service: &Value) {
    for (name, required) in [("name", "service name is required"), ("namespace", "service namespace is required")] {
        if text(service, &[name]).is_empty() {
            errors.push(Error::required(format!("{path}.{name}"), required));
        }
    }
    let port = at(service, &["port"]).as_i64().unwrap_or(443);
    if !(1..=65_535).contains(&port) {
        let why = "port is not valid: must be between 1 and 65535, inclusive";
        errors.push(Error::invalid(format!("{path}.port"), port, why));
    }
    let Some(said) = at(service, &["path"]).as_str() else { return };
    let path = format!("{path}.path");
    if !said.starts_with('/') {
        errors.push(Error::invalid(path.as_str(), said, "must start with a '/'"));
    }
    if said == "/" {
        return;
    }
    let inner = said.strip_prefix('/').unwrap_or(said);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    for (i, step) in inner.split('/').enumerate() {
        if step.is_empty() {
            errors.push(Error::invalid(path.as_str(), said, format!("segment[{i}] may not be empty")));
            continue;
        }
        for why in names::dns_subdomain(step) {
            errors.push(Error::invalid(path.as_str(), said, format!("segment[{i}]: {why}")));
        }
    }
}

fn review_versions(errors: &mut Vec<Error>, path: &str, webhook: &Value) {
    let versions = texts(webhook, &["admissionReviewVersions"]);
    if versions.is_empty() {
        return errors.push(Error::required(path, "must specify one of v1, v1beta1"));
    }
    for (i, version) in versions.iter().enumerate() {
        let path = format!("{path}[{i}]");
        if versions[..i].contains(version) {
            errors.push(Error::invalid(path, *version, "duplicate version"));
        } else {
            errors.extend(Error::each(&path, *version, names::dns_label_1035(version)));
        }
    }
    if !versions.iter().any(|version| REVIEW_VERSIONS.contains(version)) {
        let all = at(webhook, &["admissionReviewVersions"]).clone();
        errors.push(Error::invalid(path, all, "must include at least one of v1, v1beta1"));
    }
}
