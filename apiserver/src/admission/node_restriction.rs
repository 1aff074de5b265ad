//! NodeRestriction: a node writes about itself and its own pods, whatever the roles of nodes allow.

use api::{Key, Status, kinds};
use serde_json::Value;

use super::{Attributes, Operation, Plugin, Validate};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "NodeRestriction",
    concerns: |attributes| {
        let kind = attributes.row.kind;
        let is = |other| std::ptr::eq(kind, other);
        attributes.operation != Operation::Connect
            && (is(&kinds::POD)
                || is(&kinds::NODE)
                || is(&kinds::LEASE)
                || is(&kinds::SERVICE_ACCOUNT)
                || is(&kinds::CSI_NODE))
            && node(attributes).is_some()
    },
    validate: Validate::Now(validate),
    ..Plugin::NOTHING
};

const LEASES: &str = "kube-node-lease";

/// The node that writes.
fn node<'a>(attributes: &'a Attributes<'_>) -> Option<&'a str> {
    let identity = &attributes.call.caller.identity;
    let name = identity.name.strip_prefix("system:node:")?;
    identity.groups.iter().any(|group| group == "system:nodes").then_some(name)
}

/// `plugin/pkg/admission/noderestriction/admission.go`.
fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    let Some(node) = node(attributes) else { return Ok(()) };
    let kind = attributes.row.kind;
    let is = |other| std::ptr::eq(kind, other);
    let why = if is(&kinds::POD) {
        pod(attributes, node, value)
    } else if is(&kinds::SERVICE_ACCOUNT) {
        token(attributes, node, value)
    } else if is(&kinds::LEASE) {
        let namespace = attributes.namespace();
        if namespace != LEASES {
            Some(format!("can only access leases in the {LEASES:?} system namespace"))
        } else {
            (attributes.name(value) != node)
                .then(|| "can only access node lease with the same name as the requesting node".to_owned())
        }
    } else if is(&kinds::NODE) {
        own_node(attributes, node, value)
    } else {
        (attributes.name(value) != node)
            .then(|| "can only access CSINode with the same name as the requesting node".to_owned())
    };
    why.map_or(Ok(()), |why| Err(attributes.forbidden(value, &why)))
}

fn pod(attributes: &Attributes<'_>, node: &str, value: &Value) -> Option<String> {
    let stored = || {
        let key = Key::new(attributes.namespace(), attributes.name(value));
        attributes.app.store.get(&kinds::POD, &key).map(|pod| pod.value())
    };
    let subresource = attributes.call.info.subresource.as_str();
    let pod = match (attributes.old, subresource, attributes.operation) {
        (Some(old), ..) => old.clone(),
        (None, "", Operation::Create) => value.clone(),
        (None, ..) => stored()?,
    };
    if pod["spec"]["nodeName"] == node {
        let mirror = !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null();
        let creates = attributes.operation == Operation::Create && subresource.is_empty();
        return (creates && !mirror).then(|| {
            format!(
                "pod does not have \"kubernetes.io/config.mirror\" annotation, node {node:?} can only create mirror pods"
            )
        });
    }
    Some(match (subresource, attributes.operation) {
        ("eviction", _) => format!("node {node} can only evict pods with spec.nodeName set to itself"),
        ("status", _) => format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"),
        (_, Operation::Delete) => format!("node {node:?} can only delete pods with spec.nodeName set to itself"),
        (_, Operation::Create) => format!("node {node:?} can only create pods with spec.nodeName set to itself"),
        _ => format!("node {node:?} can only update pods with spec.nodeName set to itself"),
    })
}

/// A node asks for tokens of accounts only on behalf of its own pods.
fn token(attributes: &Attributes<'_>, node: &str, asked: &Value) -> Option<String> {
    if attributes.call.info.subresource != "token" {
        return None;
    }
    let bound = &asked["spec"]["boundObjectRef"];
    if bound["kind"] != "Pod" || bound["name"].as_str().is_none_or(str::is_empty) {
        return Some("node requested token not bound to a pod".to_owned());
    }
    let key = Key::new(attributes.namespace(), bound["name"].as_str().unwrap_or_default());
    let pod = attributes.app.store.get(&kinds::POD, &key)?.value();
    (pod["spec"]["nodeName"] != node).then(|| "node requested token bound to a pod scheduled on a different node".to_owned())
}

fn own_node(attributes: &Attributes<'_>, node: &str, value: &Value) -> Option<String> {
    let name = attributes.name(value);
    if name != node {
        return Some(format!("node {node:?} is not allowed to modify node {name:?}"));
    }
    let old = attributes.old?;
    let taints = |node: &Value| node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    if attributes.operation == Operation::Update && taints(old) != taints(value) {
        return Some(format!("node {node:?} is not allowed to modify taints"));
    }
    None
}
