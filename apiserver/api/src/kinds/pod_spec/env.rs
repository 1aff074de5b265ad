//! Environment variables and where their values come from.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::{named, one_of},
        read::{at, list, text},
    },
    names,
};

const VARIABLE_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
pub(super) const FILE_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

pub(super) fn variables(errors: &mut Vec<Error>, path: &str, variables: &[Value]) {
    for (i, variable) in variables.iter().enumerate() {
        let path = format!("{path}[{i}]");
        named(errors, format!("{path}.name"), text(variable, &["name"]), names::environment);
        let source = at(variable, &["valueFrom"]);
        if !source.is_null() {
            value_from(errors, &format!("{path}.valueFrom"), source, text(variable, &["value"]));
        }
    }
}

fn value_from(errors: &mut Vec<Error>, path: &str, source: &Value, value: &str) {
    let mut found = 0;
    for name in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"] {
        let reference = at(source, &[name]);
        if reference.is_null() {
            continue;
        }
        found += 1;
        let path = format!("{path}.{name}");
        match name {
            "fieldRef" => field(errors, &path, reference, &VARIABLE_FIELDS),
            "resourceFieldRef" => resource(errors, &path, reference),
            _ => {
                let object = text(reference, &["name"]);
                errors.extend(Error::each(&format!("{path}.name"), object, names::dns_subdomain(object)));
                named(errors, format!("{path}.key"), text(reference, &["key"]), names::config_key);
            }
        }
    }
    if found == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
        errors.push(Error::invalid(path, "", detail));
    } else if !value.is_empty() {
        errors.push(Error::invalid(path, "", "may not be specified when `value` is not empty"));
    } else if found > 1 {
        errors.push(Error::invalid(path, "", "may not have more than one field specified at a time"));
    }
}

/// One of the pod's own fields; labels and annotations also one by one.
pub(super) fn field(errors: &mut Vec<Error>, path: &str, reference: &Value, supported: &[&str]) {
    let field = text(reference, &["fieldPath"]);
    let subscript = field.strip_suffix("']").and_then(|field| field.split_once("['"));
    match subscript {
        None if field.is_empty() => errors.push(Error::required(format!("{path}.fieldPath"), "")),
        None => one_of(errors, format!("{path}.fieldPath"), field, supported),
        Some(("metadata.annotations", key)) => errors.extend(Error::each(path, key, names::qualified(&key.to_lowercase()))),
        Some(("metadata.labels", key)) => errors.extend(Error::each(path, key, names::qualified(key))),
        Some((field, _)) => errors.push(Error::invalid(path, field, "does not support subscript")),
    }
}

pub(super) fn resource(errors: &mut Vec<Error>, path: &str, reference: &Value) {
    let resource = text(reference, &["resource"]);
    let huge = ["limits.hugepages-", "requests.hugepages-"].iter().any(|prefix| resource.starts_with(prefix));
    if !huge {
        one_of(errors, format!("{path}.resource"), resource, &RESOURCES);
    }
}

pub(super) fn sources(errors: &mut Vec<Error>, path: &str, sources: &[Value]) {
    for (i, source) in sources.iter().enumerate() {
        let at_path = format!("{path}[{i}]");
        let prefix = text(source, &["prefix"]);
        if !prefix.is_empty() {
            errors.extend(Error::each(&format!("{at_path}.prefix"), prefix, names::environment(prefix)));
        }
        let given: Vec<&str> =
            ["configMapRef", "secretRef"].into_iter().filter(|name| !at(source, &[name]).is_null()).collect();
        for name in &given {
            let object = text(source, &[name, "name"]);
            named(errors, format!("{at_path}.{name}.name"), object, |name| names::dns_subdomain(&names::as_prefix(name)));
        }
        match given.len() {
            0 => errors.push(Error::invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(Error::invalid(path, "", "may not have more than one field specified at a time")),
        }
    }
}

/// The items of a downward volume: a path each, and what is in the file.
pub(super) fn files(errors: &mut Vec<Error>, path: &str, source: &Value) {
    for (i, item) in list(source, &["items"]).iter().enumerate() {
        let path = format!("{path}[{i}]");
        super::mount::file_path(errors, &format!("{path}.path"), text(item, &["path"]));
        match (at(item, &["fieldRef"]), at(item, &["resourceFieldRef"])) {
            (Value::Null, Value::Null) => {
                errors.push(Error::required(path, "one of fieldRef and resourceFieldRef is required"));
            }
            (reference, Value::Null) => field(errors, &format!("{path}.fieldRef"), reference, &FILE_FIELDS),
            (Value::Null, reference) => {
                if text(reference, &["containerName"]).is_empty() {
                    errors.push(Error::required(format!("{path}.resourceFieldRef.containerName"), ""));
                }
                resource(errors, &format!("{path}.resourceFieldRef"), reference);
            }
            _ => errors.push(Error::invalid(
                path,
                "resource",
                "fieldRef and resourceFieldRef can not be specified simultaneously",
            )),
        }
    }
}
