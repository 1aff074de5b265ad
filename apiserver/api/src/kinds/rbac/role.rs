//! Role and ClusterRole: what may be done, in a namespace or everywhere.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::label_selector,
        read::{at, list, text},
    },
    names,
};

const CREATED: Column = Column {
    description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
    ..Column::text("Created At", |role| at(role, &["metadata", "creationTimestamp"]).clone())
};

pub static ROLE: Kind = Kind {
    kind: "Role",
    plural: "roles",
    versions: &[Version::hub("rbac.authorization.k8s.io", "v1", "io.k8s.api.rbac.v1.Role")],
    columns: &[Column::NAME, CREATED],
    name: names::path_segment,
    default,
    validate: |role| rules(role, true),
    ..Kind::NAMESPACED
};

pub static CLUSTER_ROLE: Kind = Kind {
    kind: "ClusterRole",
    plural: "clusterroles",
    versions: &[Version::hub("rbac.authorization.k8s.io", "v1", "io.k8s.api.rbac.v1.ClusterRole")],
    columns: &[Column::NAME, CREATED],
    name: names::path_segment,
    default,
    validate: |role| {
        let mut errors = rules(role, false);
        for (i, selector) in list(role, &["aggregationRule", "clusterRoleSelectors"]).iter().enumerate() {
            label_selector(&mut errors, &format!("aggregationRule.clusterRoleSelectors[{i}]"), selector);
        }
        if at(role, &["aggregationRule"]).is_object() && list(role, &["aggregationRule", "clusterRoleSelectors"]).is_empty()
        {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.push(Error::required("aggregationRule.clusterRoleSelectors", detail));
        }
        errors
    },
    ..Kind::CLUSTER
};

/// A role without rules says so.
fn default(role: &mut Value) {
    if role.get("rules").is_none() {
        role["rules"] = Value::Null;
    }
}

/// pkg/apis/rbac/validation/validation.go, ValidatePolicyRule
fn rules(role: &Value, namespaced: bool) -> Vec<Error> {
    let mut errors = Vec::new();
    for (i, rule) in list(role, &["rules"]).iter().enumerate() {
        let path = format!("rules[{i}]");
        let none = |name: &str| list(rule, &[name]).is_empty();
        if none("verbs") {
            errors.push(Error::required(format!("{path}.verbs"), "verbs must contain at least one value"));
        }
        if !none("nonResourceURLs") {
            let value = at(rule, &["nonResourceURLs"]).clone();
            if namespaced {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                errors.push(Error::invalid(format!("{path}.nonResourceURLs"), value.clone(), detail));
            }
            if !none("apiGroups") || !none("resources") || !none("resourceNames") {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(Error::invalid(format!("{path}.nonResourceURLs"), value, detail));
            }
            continue;
        }
        if none("apiGroups") {
            let detail = "resource rules must supply at least one api group";
            errors.push(Error::required(format!("{path}.apiGroups"), detail));
        }
        if none("resources") {
            let detail = "resource rules must supply at least one resource";
            errors.push(Error::required(format!("{path}.resources"), detail));
        }
    }
    errors
}

/// What a binding shows of the role it gives.
pub(super) fn reference(binding: &Value) -> Value {
    format!("{}/{}", text(binding, &["roleRef", "kind"]), text(binding, &["roleRef", "name"])).into()
}
