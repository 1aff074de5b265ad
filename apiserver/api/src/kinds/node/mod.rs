//! Node: a machine (or a part of this process) that runs pods.

/// What `kubectl get nodes` shows.
mod columns;

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Field, Kind, Subresource, Version},
    kinds::{
        checks::members,
        pod_spec::{default::canonical_members, placement, resources},
        read::{at, list, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "Node",
    plural: "nodes",
    short_names: &["no"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Node")],
    subresources: &[Subresource { kind: "NodeProxyOptions", ..Subresource::PROXY }, Subresource::STATUS],
    columns: columns::COLUMNS,
    fields: &[Field { path: "spec.unschedulable", value: unschedulable }],
    default,
    prepare_update: status::keep,
    validate,
    validate_update,
    validate_status: |new, _| validate(new),
    ..Kind::CLUSTER
};

/// Quantities only; a node may say its status at once, when it registers.
fn default(node: &mut Value) {
    for name in ["capacity", "allocatable"] {
        if let Some(amounts) = node.pointer_mut(&format!("/status/{name}")) {
            canonical_members(amounts);
        }
    }
}

fn unschedulable(object: &Value) -> String {
    at(object, &["spec", "unschedulable"]).as_bool().unwrap_or_default().to_string()
}

fn validate(node: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    placement::taints(&mut errors, list(node, &["spec", "taints"]));
    for which in ["capacity", "allocatable"] {
        for (name, amount) in members(at(node, &["status", which])) {
            resources::quantity(&mut errors, &format!("status.{which}.{name}"), name, amount);
        }
    }
    let addresses = list(node, &["status", "addresses"]);
    for (i, address) in addresses.iter().enumerate().filter(|(i, address)| addresses[..*i].contains(address)) {
        errors.push(Error::duplicate(format!("status.addresses[{i}]"), address.clone()));
    }
    errors
}

/// What the cluster told a node once stays so.
fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let (now, was) = (list(new, &["spec", "podCIDRs"]), list(old, &["spec", "podCIDRs"]));
    if !was.is_empty() && now != was {
        let detail = "node updates may not change podCIDR except from \"\" to valid";
        errors.push(Error::forbidden("spec.podCIDRs", detail));
    }
    let provider = |node| text(node, &["spec", "providerID"]);
    if !provider(old).is_empty() && provider(new) != provider(old) {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.push(Error::forbidden("spec.providerID", detail));
    }
    errors
}
