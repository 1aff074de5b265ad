//! What `metadata` must look like, for every kind alike. The server calls this before the kind's own hooks.

use serde_json::Value;

use super::{
    checks::{immutable, labels, members, not_negative},
    read::{at, list, text},
};
use crate::{Kind, field::Error, names};

/// Keys and values of all annotations together.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// Every complaint about the metadata of an object of `kind`.
pub fn validate(kind: &Kind, object: &Value) -> Vec<Error> {
    let metadata = at(object, &["metadata"]);
    let mut errors = Vec::new();
    name(&mut errors, kind, metadata);
    namespace(&mut errors, kind, metadata);
    not_negative(&mut errors, "metadata.generation", at(metadata, &["generation"]));
    labels(&mut errors, "metadata.labels", at(metadata, &["labels"]));
    annotations(&mut errors, "metadata.annotations", at(metadata, &["annotations"]));
    owners(&mut errors, at(metadata, &["ownerReferences"]));
    finalizers(&mut errors, kind, metadata);
    errors
}

/// Complaints about a change of metadata, beyond [`validate`] of the new state. What the new state leaves out is not
/// changed: the server fills it in from the old one.
pub fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let (new, old) = (at(new, &["metadata"]), at(old, &["metadata"]));
    let mut errors = Vec::new();
    if !at(old, &["deletionTimestamp"]).is_null() {
        let known = list(old, &["finalizers"]);
        let added: Vec<String> =
            list(new, &["finalizers"]).iter().filter(|f| !known.contains(f)).map(ToString::to_string).collect();
        if !added.is_empty() {
            let added = added.join(", ");
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{added}}}"
            );
            errors.push(Error::forbidden("metadata.finalizers", detail));
        }
    }
    let generation = |metadata: &Value| at(metadata, &["generation"]).as_i64();
    if let (Some(new), Some(old)) = (generation(new), generation(old))
        && new < old
    {
        errors.push(Error::invalid("metadata.generation", new, "must not be decremented"));
    }
    for name in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        if !at(new, &[name]).is_null() {
            immutable(&mut errors, &format!("metadata.{name}"), at(new, &[name]), at(old, &[name]));
        }
    }
    errors
}

/// Complaints about the metadata of an object within an object.
pub(crate) fn embedded(metadata: &Value, path: &str) -> Vec<Error> {
    let mut errors = Vec::new();
    labels(&mut errors, &format!("{path}.labels"), at(metadata, &["labels"]));
    annotations(&mut errors, &format!("{path}.annotations"), at(metadata, &["annotations"]));
    errors
}

fn name(errors: &mut Vec<Error>, kind: &Kind, metadata: &Value) {
    let prefix = text(metadata, &["generateName"]);
    if !prefix.is_empty() {
        errors.extend(Error::each("metadata.generateName", prefix, (kind.name)(&names::as_prefix(prefix))));
    }
    match text(metadata, &["name"]) {
        "" => errors.push(Error::required("metadata.name", "name or generateName is required")),
        name => errors.extend(Error::each("metadata.name", name, (kind.name)(name))),
    }
}

fn namespace(errors: &mut Vec<Error>, kind: &Kind, metadata: &Value) {
    match (kind.namespaced, text(metadata, &["namespace"])) {
        (true, "") => errors.push(Error::required("metadata.namespace", "")),
        (true, namespace) => errors.extend(Error::each("metadata.namespace", namespace, names::dns_label(namespace))),
        (false, "") => {}
        (false, _) => errors.push(Error::forbidden("metadata.namespace", "not allowed on this type")),
    }
}

/// Also used for templates.
pub(crate) fn annotations(errors: &mut Vec<Error>, path: &str, annotations: &Value) {
    let mut size = 0;
    for (key, value) in members(annotations) {
        errors.extend(Error::each(path, key.as_str(), names::qualified(&key.to_lowercase())));
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_LIMIT {
        errors.push(Error::too_long(path, ANNOTATIONS_LIMIT));
    }
}

fn owners(errors: &mut Vec<Error>, owners: &Value) {
    const PATH: &str = "metadata.ownerReferences";
    let mut controller: Option<&str> = None;
    for owner in owners.as_array().into_iter().flatten() {
        let version = text(owner, &["apiVersion"]);
        if version.rsplit('/').next().unwrap_or_default().is_empty() {
            errors.push(Error::invalid(format!("{PATH}.apiVersion"), version, "version must not be empty"));
        }
        for field in ["kind", "name", "uid"] {
            if text(owner, &[field]).is_empty() {
                errors.push(Error::invalid(format!("{PATH}.{field}"), "", "must not be empty"));
            }
        }
        if version == "v1" && text(owner, &["kind"]) == "Event" {
            errors.push(Error::invalid(PATH, owner.clone(), "/v1, Kind=Event is disallowed from being an owner"));
        }
        if at(owner, &["controller"]) == true {
            let name = text(owner, &["name"]);
            match controller {
                None => controller = Some(name),
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                    );
                    errors.push(Error::invalid(PATH, owners.clone(), detail));
                }
            }
        }
    }
}

fn finalizers(errors: &mut Vec<Error>, kind: &Kind, metadata: &Value) {
    let finalizers = list(metadata, &["finalizers"]);
    let has = |name: &str| finalizers.iter().any(|finalizer| finalizer == name);
    for name in finalizers.iter().filter_map(Value::as_str) {
        errors.extend(Error::each("metadata.finalizers", name, names::qualified(name)));
    }
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(Error::invalid("metadata.finalizers", finalizers.to_vec(), detail));
    }
    // those who define kinds of their own may name finalizers as they like; so do the definitions
    if kind.custom.is_some() || matches!(kind.group(), "apiextensions.k8s.io" | "apiregistration.k8s.io") {
        return;
    }
    for (i, name) in finalizers.iter().filter_map(Value::as_str).enumerate() {
        if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(Error::invalid(format!("metadata.finalizers[{i}]"), name, detail));
        }
    }
}

#[cfg(test)]
mod tests;
