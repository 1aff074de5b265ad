//! RoleBinding and ClusterRoleBinding: who has a role.

use serde_json::Value;

use super::role::reference;
use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        default::{items, set_text},
        read::{at, list, text},
    },
    names,
};

const GROUP: &str = "rbac.authorization.k8s.io";

const COLUMNS: &[Column] = &[
    Column::NAME,
    Column::text("Role", reference),
    Column::AGE,
    Column::text("Users", |binding| subjects(binding, "User")).wide(),
    Column::text("Groups", |binding| subjects(binding, "Group")).wide(),
    Column::text("ServiceAccounts", |binding| subjects(binding, "ServiceAccount")).wide(),
];

pub static ROLE_BINDING: Kind = Kind {
    kind: "RoleBinding",
    plural: "rolebindings",
    versions: &[Version::hub(GROUP, "v1", "io.k8s.api.rbac.v1.RoleBinding")],
    columns: COLUMNS,
    name: names::path_segment,
    default,
    validate: |binding| {
        let mut errors = role(binding, &["ClusterRole", "Role"]);
        errors.extend(validate_subjects(binding, true));
        errors
    },
    validate_update,
    ..Kind::NAMESPACED
};

pub static CLUSTER_ROLE_BINDING: Kind = Kind {
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    versions: &[Version::hub(GROUP, "v1", "io.k8s.api.rbac.v1.ClusterRoleBinding")],
    columns: COLUMNS,
    name: names::path_segment,
    default,
    validate: |binding| {
        let mut errors = role(binding, &["ClusterRole"]);
        errors.extend(validate_subjects(binding, false));
        errors
    },
    validate_update,
    ..Kind::CLUSTER
};

fn subjects(binding: &Value, kind: &str) -> Value {
    let name = |subject: &Value| match text(subject, &["namespace"]) {
        "" => text(subject, &["name"]).to_owned(),
        namespace => format!("{namespace}/{}", text(subject, &["name"])),
    };
    let all = list(binding, &["subjects"]).iter().filter(|subject| text(subject, &["kind"]) == kind);
    all.map(name).collect::<Vec<_>>().join(", ").into()
}

fn default(binding: &mut Value) {
    if at(binding, &["roleRef"]).is_object() {
        set_text(&mut binding["roleRef"], "apiGroup", GROUP);
    }
    for subject in items(binding, "subjects") {
        if matches!(text(subject, &["kind"]), "User" | "Group") {
            set_text(subject, "apiGroup", GROUP);
        }
    }
}

/// pkg/apis/rbac/validation/validation.go
fn role(binding: &Value, kinds: &[&str]) -> Vec<Error> {
    let (mut errors, role) = (Vec::new(), at(binding, &["roleRef"]));
    if text(role, &["apiGroup"]) != GROUP {
        errors.push(Error::not_supported("roleRef.apiGroup", text(role, &["apiGroup"]), &[GROUP]));
    }
    if !kinds.contains(&text(role, &["kind"])) {
        errors.push(Error::not_supported("roleRef.kind", text(role, &["kind"]), kinds));
    }
    match text(role, &["name"]) {
        "" => errors.push(Error::required("roleRef.name", "")),
        name => errors.extend(Error::each("roleRef.name", name, names::path_segment(name))),
    }
    errors
}

fn validate_subjects(binding: &Value, namespaced: bool) -> Vec<Error> {
    let mut errors = Vec::new();
    for (i, subject) in list(binding, &["subjects"]).iter().enumerate() {
        let path = format!("subjects[{i}]");
        let (name, group) = (text(subject, &["name"]), text(subject, &["apiGroup"]));
        if name.is_empty() {
            errors.push(Error::required(format!("{path}.name"), ""));
        }
        match text(subject, &["kind"]) {
            "ServiceAccount" => {
                if !name.is_empty() {
                    errors.extend(Error::each(&format!("{path}.name"), name, names::dns_subdomain(name)));
                }
                if !group.is_empty() {
                    errors.push(Error::not_supported(format!("{path}.apiGroup"), group, &[""]));
                }
                if !namespaced && text(subject, &["namespace"]).is_empty() {
                    errors.push(Error::required(format!("{path}.namespace"), ""));
                }
            }
            "User" | "Group" if group != GROUP => {
                errors.push(Error::not_supported(format!("{path}.apiGroup"), group, &[GROUP]));
            }
            "User" | "Group" => {}
            kind => {
                let supported = &["ServiceAccount", "User", "Group"];
                errors.push(Error::not_supported(format!("{path}.kind"), kind, supported));
            }
        }
    }
    errors
}

fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let role = |binding: &Value| at(binding, &["roleRef"]).clone();
    if role(new) == role(old) { Vec::new() } else { vec![Error::invalid("roleRef", role(new), "cannot change roleRef")] }
}
