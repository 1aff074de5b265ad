//! Node: a machine (or a part of this process) that runs pods.

/// What `kubectl get nodes` shows.
mod columns;

use serde_json::Value;

use crate::{
    kind::{Field, Kind, Subresource, Version},
    kinds::{pod_spec::default::canonical_members, read::at, status},
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
