//! What `kubectl get nodes` shows.

use serde_json::Value;

use crate::{
    kind::Column,
    kinds::{
        columns::{or, or_none},
        read::{at, list, text},
    },
};

pub(super) static COLUMNS: &[Column] = &[
    Column::NAME,
    Column::text("Status", status),
    Column::text("Roles", roles),
    Column::AGE,
    Column::text("Version", |node| text(node, &["status", "nodeInfo", "kubeletVersion"]).into()),
    Column::text("Internal-IP", |node| address(node, "InternalIP")).wide(),
    Column::text("External-IP", |node| address(node, "ExternalIP")).wide(),
    Column::text("OS-Image", |node| info(node, "osImage")).wide(),
    Column::text("Kernel-Version", |node| info(node, "kernelVersion")).wide(),
    Column::text("Container-Runtime", |node| info(node, "containerRuntimeVersion")).wide(),
];

fn status(node: &Value) -> Value {
    let ready = list(node, &["status", "conditions"]).iter().find(|c| c["type"] == "Ready");
    let mut status = match ready.map(|c| text(c, &["status"])) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if at(node, &["spec", "unschedulable"]) == true {
        status.push_str(",SchedulingDisabled");
    }
    status.into()
}

fn roles(node: &Value) -> Value {
    let labels = at(node, &["metadata", "labels"]).as_object().into_iter().flatten();
    let mut roles: Vec<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    or_none(roles.join(","))
}

fn address(node: &Value, kind: &str) -> Value {
    let found = list(node, &["status", "addresses"]).iter().find(|address| address["type"] == kind);
    or_none(found.map_or("", |address| text(address, &["address"])))
}

fn info(node: &Value, what: &str) -> Value {
    or(text(node, &["status", "nodeInfo", what]), "<unknown>")
}
