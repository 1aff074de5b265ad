//! Limits and requests.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::{NOT_NEGATIVE, members},
        read::at,
    },
    names,
    quantity::Quantity,
};

const FOR_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// Names without a domain that have a meaning somewhere.
const STANDARD: [&str; 16] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "storage",
];

pub(super) fn validate(errors: &mut Vec<Error>, path: &str, resources: &Value) {
    let limits = at(resources, &["limits"]);
    for (name, amount) in members(limits) {
        let path = format!("{path}.limits[{name}]");
        resource_name(errors, &path, name);
        quantity(errors, &path, name, amount);
    }
    for (name, amount) in members(at(resources, &["requests"])) {
        let key = format!("{path}.requests[{name}]");
        resource_name(errors, &key, name);
        let Some(request) = quantity(errors, &key, name, amount) else { continue };
        let limit = at(limits, &[name]);
        match limit.as_str().and_then(|limit| Quantity::parse(limit).ok()) {
            Some(limit) if !may_overcommit(name) && request != limit => {
                let detail = format!("must be equal to {name} limit of {limit}");
                errors.push(Error::invalid(format!("{path}.requests"), request.to_string(), detail));
            }
            Some(limit) if request > limit => {
                let detail = format!("must be less than or equal to {name} limit of {limit}");
                errors.push(Error::invalid(format!("{path}.requests"), request.to_string(), detail));
            }
            None if limit.is_null() && !may_overcommit(name) => {
                let detail = "Limit must be set for non overcommitable resources";
                errors.push(Error::required(format!("{path}.limits"), detail));
            }
            _ => {}
        }
    }
}

/// A quantity of something; also used for nodes.
pub(crate) fn quantity(errors: &mut Vec<Error>, path: &str, name: &str, amount: &Value) -> Option<Quantity> {
    let text = amount.as_str().unwrap_or_default();
    let quantity = match Quantity::parse(text) {
        Ok(quantity) => quantity,
        Err(complaint) => {
            errors.push(Error::invalid(path, amount.clone(), complaint));
            return None;
        }
    };
    if quantity.is_negative() {
        errors.push(Error::invalid(path, quantity.to_string(), NOT_NEGATIVE));
    }
    let counted = name == "pods" || (name.contains('/') && !is_native(name));
    if counted && !quantity.is_whole() {
        errors.push(Error::invalid(path, quantity.to_string(), "must be an integer"));
    }
    Some(quantity)
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn may_overcommit(name: &str) -> bool {
    is_native(name) && !name.starts_with("hugepages-")
}

fn resource_name(errors: &mut Vec<Error>, path: &str, name: &str) {
    let complaints = names::qualified(name);
    if !complaints.is_empty() {
        return errors.extend(Error::each(path, name, complaints));
    }
    if name.contains('/') {
        let extended = !name.starts_with("requests.") && names::qualified(&format!("requests.{name}")).is_empty();
        if !is_native(name) && !extended {
            errors.push(Error::invalid(path, name, "doesn't follow extended resource name standard"));
        }
        return;
    }
    let huge = name.starts_with("hugepages-");
    if !STANDARD.contains(&name) && !huge {
        errors.push(Error::invalid(path, name, "must be a standard resource type or fully qualified"));
    }
    if !FOR_CONTAINERS.contains(&name) && !huge {
        errors.push(Error::invalid(path, name, "must be a standard resource for containers"));
    }
}
