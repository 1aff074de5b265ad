//! Which objects a quota is about.

use serde_json::Value;

use super::is_pod;
use crate::{Kind, kinds::pod_quality};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    name: String,
    operator: String,
    values: Vec<String>,
}

/// Whether a quota with this scope may limit `resource`.
pub fn is_scoped(scope: &str, resource: &str) -> bool {
    const COMPUTE: [&str; 10] = [
        "pods",
        "cpu",
        "memory",
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
        "ephemeral-storage",
        "requests.ephemeral-storage",
        "limits.ephemeral-storage",
    ];
    match scope {
        "BestEffort" => resource == "pods",
        "CrossNamespacePodAffinity" | "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" => {
            COMPUTE.contains(&resource) || resource == "count/pods" || super::pod::counts(resource)
        }
        _ => true,
    }
}

impl Scope {
    pub(super) fn all(spec: &Value) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let names = texts(&spec["scopes"]).into_iter();
        let plain = names.map(|name| Self { name, operator: "Exists".to_owned(), values: Vec::new() });
        let expressions = spec["scopeSelector"]["matchExpressions"].as_array().into_iter().flatten();
        let selected = expressions.map(|said| Self {
            name: text(&said["scopeName"]),
            operator: text(&said["operator"]),
            values: texts(&said["values"]),
        });
        plain.chain(selected).collect()
    }

    /// Scopes know pods only: nothing else is in one.
    pub(super) fn holds(&self, kind: &Kind, object: &Value) -> bool {
        let spec = &object["spec"];
        let terminating = || spec["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds >= 0);
        let best_effort = || pod_quality(spec) == "BestEffort";
        is_pod(kind)
            && match self.name.as_str() {
                "Terminating" => terminating(),
                "NotTerminating" => !terminating(),
                "BestEffort" => best_effort(),
                "NotBestEffort" => !best_effort(),
                "PriorityClass" => self.selects(spec["priorityClassName"].as_str().unwrap_or_default()),
                "CrossNamespacePodAffinity" => crosses(&spec["affinity"]),
                _ => false,
            }
    }

    fn selects(&self, class: &str) -> bool {
        let listed = || self.values.iter().any(|value| value == class);
        match self.operator.as_str() {
            "Exists" => !class.is_empty(),
            "DoesNotExist" => class.is_empty(),
            "In" => !class.is_empty() && listed(),
            "NotIn" => !listed(),
            _ => false,
        }
    }
}

/// Whether a pod wants to be near, or far from, pods of other namespaces.
fn crosses(affinity: &Value) -> bool {
    ["podAffinity", "podAntiAffinity"].iter().any(|which| {
        let terms = |name: &str| affinity[*which][name].as_array().into_iter().flatten();
        let required = terms("requiredDuringSchedulingIgnoredDuringExecution");
        let preferred = terms("preferredDuringSchedulingIgnoredDuringExecution").map(|term| &term["podAffinityTerm"]);
        required.chain(preferred).any(|term| {
            term["namespaces"].as_array().is_some_and(|list| !list.is_empty()) || !term["namespaceSelector"].is_null()
        })
    })
}
