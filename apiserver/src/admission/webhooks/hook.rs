//! One webhook of a configuration, parsed.

use std::time::Duration;

use api::cel::Expression;
use serde_json::Value;
use store::Snapshot;

use super::super::{expressions, matching::Matcher};

pub(in crate::admission) struct Hook {
    pub(super) name: String,
    /// Unique among all webhooks.
    pub(super) key: String,
    pub(super) client_config: Value,
    pub(super) matcher: Matcher,
    pub(super) conditions: Result<Vec<(String, Expression)>, String>,
    /// What cannot be asked is not asked.
    pub(super) fails_open: bool,
    /// Nothing happens when it is asked about a write that is only tried.
    pub(super) dry_runs: bool,
    pub(super) timeout: Duration,
    /// Asked again when others changed the object after it.
    pub(super) reinvoked: bool,
    /// The `apiVersion` of its reviews.
    pub(super) review_version: &'static str,
}

/// All webhooks of a kind of configuration, in the order in which they are asked.
pub(in crate::admission) fn all(configurations: &Snapshot) -> Vec<Hook> {
    let of = |configuration: Value| {
        let name = configuration["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let webhooks = configuration["webhooks"].as_array().cloned().unwrap_or_default();
        webhooks.into_iter().map(move |webhook| Hook::of(&name, &webhook))
    };
    configurations.iter_from(None).flat_map(|object| of(object.value())).collect()
}

impl Hook {
    fn of(configuration: &str, webhook: &Value) -> Self {
        let text = |name: &str| webhook[name].as_str().unwrap_or_default();
        let name = text("name").to_owned();
        let versions = webhook["admissionReviewVersions"].as_array().into_iter().flatten();
        let known = versions.filter_map(|version| match version.as_str() {
            Some("v1") => Some("admission.k8s.io/v1"),
            Some("v1beta1") => Some("admission.k8s.io/v1beta1"),
            _ => None,
        });
        let variables = ["object", "oldObject", "request", "authorizer"];
        Self {
            key: format!("{configuration}/{name}"),
            name,
            client_config: webhook["clientConfig"].clone(),
            matcher: Matcher::of(webhook, &webhook["rules"], &Value::Null),
            conditions: expressions::compile_conditions(&webhook["matchConditions"], &variables),
            fails_open: text("failurePolicy") == "Ignore",
            dry_runs: matches!(text("sideEffects"), "None" | "NoneOnDryRun"),
            timeout: Duration::from_secs(webhook["timeoutSeconds"].as_u64().unwrap_or(10)),
            reinvoked: text("reinvocationPolicy") == "IfNeeded",
            review_version: known.into_iter().next().unwrap_or("admission.k8s.io/v1"),
        }
    }
}
