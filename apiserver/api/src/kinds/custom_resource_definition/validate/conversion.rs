//! Conversion between versions: none, or a webhook.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::read::{list, text},
    names::dns_label_1035,
};

const PATH: &str = "spec.conversion";

pub(super) fn check(errors: &mut Vec<Error>, conversion: &Value) {
    match text(conversion, &["strategy"]) {
        "" => errors.push(Error::required(format!("{PATH}.strategy"), "")),
        "None" => forbid_webhook(errors, conversion),
        "Webhook" => webhook(errors, &conversion["webhook"]),
        other => {
            errors.push(Error::not_supported(format!("{PATH}.strategy"), other, &["None", "Webhook"]));
            forbid_webhook(errors, conversion);
        }
    }
}

fn forbid_webhook(errors: &mut Vec<Error>, conversion: &Value) {
    let detail = "should not be set when strategy is not set to Webhook";
    if !conversion["webhook"]["clientConfig"].is_null() {
        errors.push(Error::forbidden(format!("{PATH}.webhookClientConfig"), detail));
    }
    if !list(conversion, &["webhook", "conversionReviewVersions"]).is_empty() {
        errors.push(Error::forbidden(format!("{PATH}.conversionReviewVersions"), detail));
    }
}

fn webhook(errors: &mut Vec<Error>, webhook: &Value) {
    let config = &webhook["clientConfig"];
    let path = format!("{PATH}.webhookClientConfig");
    match (config["url"].as_str(), config["service"].is_object()) {
        _ if !config.is_object() => errors.push(Error::required(path, "required when strategy is set to Webhook")),
        (Some(url), false) => {
            if !url.starts_with("https://") {
                errors.push(Error::invalid(
                    format!("{path}.url"),
                    url,
                    "'https' is the only allowed URL scheme; desired format: https://host[/path]",
                ));
            }
        }
        (None, true) => {
            let service = &config["service"];
            for name in ["name", "namespace"] {
                if text(service, &[name]).is_empty() {
                    errors.push(Error::required(format!("{path}.service.{name}"), format!("service {name} is required")));
                }
            }
        }
        _ => errors.push(Error::required(path, "exactly one of url or service is required")),
    }
    review_versions(errors, list(webhook, &["conversionReviewVersions"]));
}

fn review_versions(errors: &mut Vec<Error>, versions: &[Value]) {
    let path = format!("{PATH}.conversionReviewVersions");
    if versions.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    for (i, version) in versions.iter().enumerate() {
        if versions[..i].contains(version) {
            errors.push(Error::invalid(format!("{path}[{i}]"), version.clone(), "duplicate version"));
            continue;
        }
        for bad in dns_label_1035(version.as_str().unwrap_or_default()) {
            errors.push(Error::invalid(format!("{path}[{i}]"), version.clone(), bad));
        }
    }
    if !versions.iter().any(|version| version == "v1" || version == "v1beta1") {
        errors.push(Error::invalid(path, versions.to_vec(), "must include at least one of v1, v1beta1"));
    }
}
