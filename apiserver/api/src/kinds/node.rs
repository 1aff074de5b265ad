//! Node: a machine (or a part of this process) that runs pods.

use serde_json::Value;

use crate::{
    kind::{Field, Kind, Subresource, Version},
    kinds::read::at,
};

pub static KIND: Kind = Kind {
    kind: "Node",
    plural: "nodes",
    short_names: &["no"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Node")],
    subresources: &[Subresource { kind: "NodeProxyOptions", ..Subresource::PROXY }, Subresource::STATUS],
    fields: &[Field { path: "spec.unschedulable", value: unschedulable }],
    ..Kind::CLUSTER
};

fn unschedulable(object: &Value) -> String {
    at(object, &["spec", "unschedulable"]).as_bool().unwrap_or_default().to_string()
}
