//! What a definition must look like, in upstream's words.
//!
//! Fields are called as upstream's internal type has them: what all versions share is complained of once, under `spec.validation`,
//! `spec.subresources` and `spec.additionalPrinterColumns`.

/// Conversion between versions.
mod conversion;
/// Names of the kind.
mod names;
/// Columns, scale paths, selectable fields.
mod paths;
/// Rules in CEL.
mod rules;
/// Schemas: what OpenAPI v3 may be used for.
mod schema;
/// Schemas: that they are structural.
mod structural;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::immutable,
        read::{at, list, text},
    },
    names::{dns_label_1035, dns_subdomain},
};

/// Every complaint about a definition.
pub(super) fn validate(crd: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let spec = at(crd, &["spec"]);
    let required = format!("{}.{}", text(spec, &["names", "plural"]), text(spec, &["group"]));
    let name = text(crd, &["metadata", "name"]);
    if name != required {
        errors.push(Error::invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
    }
    self::spec(&mut errors, spec);
    names::check(&mut errors, "status.acceptedNames", at(crd, &["status", "acceptedNames"]));
    stored_versions(&mut errors, crd);
    if spec["preserveUnknownFields"] == true {
        let detail =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.push(Error::invalid("spec.preserveUnknownFields", true, detail));
    }
    errors
}

/// Complaints about a change; arguments: new, old.
pub(super) fn update(crd: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let mut fixed = vec![("spec.group", &["spec", "group"][..]), ("spec.names.plural", &["spec", "names", "plural"][..])];
    if crate::custom::is_established(old) {
        // these decide where and how objects are stored
        fixed.extend([("spec.scope", &["spec", "scope"][..]), ("spec.names.kind", &["spec", "names", "kind"][..])]);
    }
    for (path, steps) in fixed {
        immutable(&mut errors, path, at(crd, steps), at(old, steps));
    }
    errors
}

pub(super) fn status(crd: &Value, _: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    names::check(&mut errors, "status.acceptedNames", at(crd, &["status", "acceptedNames"]));
    errors
}

fn spec(errors: &mut Vec<Error>, spec: &Value) {
    let group = text(spec, &["group"]);
    match dns_subdomain(group).join(",") {
        _ if group.is_empty() => errors.push(Error::required("spec.group", "")),
        bad if !bad.is_empty() => errors.push(Error::invalid("spec.group", group, bad)),
        _ if !group.contains('.') => {
            errors.push(Error::invalid("spec.group", group, "should be a domain with at least one dot"));
        }
        _ => {}
    }
    match text(spec, &["scope"]) {
        "" => errors.push(Error::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(Error::not_supported("spec.scope", other, &["Cluster", "Namespaced"])),
    }
    let versions = list(spec, &["versions"]);
    for (i, _) in versions.iter().enumerate().filter(|(_, version)| version["schema"]["openAPIV3Schema"].is_null()) {
        let path = format!("spec.versions[{i}].schema.openAPIV3Schema");
        errors.push(Error::required(path, "schemas are required"));
    }
    self::versions(errors, versions);
    for name in ["plural", "singular", "kind", "listKind"] {
        if text(spec, &["names", name]).is_empty() {
            errors.push(Error::required(format!("spec.names.{name}"), ""));
        }
    }
    names::check(errors, "spec.names", at(spec, &["names"]));
    conversion::check(errors, at(spec, &["conversion"]));
}

fn versions(errors: &mut Vec<Error>, versions: &[Value]) {
    // what is the same everywhere is one thing
    let shared = |name: &str| {
        versions
            .first()
            .is_some_and(|first| !first[name].is_null() && versions.iter().all(|version| version[name] == first[name]))
    };
    for (i, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{i}]");
        let name = text(version, &["name"]);
        let bad = dns_label_1035(name);
        if !bad.is_empty() {
            errors.push(Error::invalid(format!("{path}.name"), name, bad.join(",")));
        }
        deprecation(errors, &path, version);
        let has_status = version["subresources"]["status"].is_object();
        let place = |name: &str, top: &str| match (shared(name), i) {
            (true, 0) => Some(format!("spec.{top}")),
            (true, _) => None,
            (false, _) => Some(format!("{path}.{name}")),
        };
        let written = &version["schema"]["openAPIV3Schema"];
        if let Some(path) = place("schema", "validation").filter(|_| written.is_object()) {
            schema::check(errors, &format!("{path}.openAPIV3Schema"), written, has_status);
        }
        if let Some(path) = place("subresources", "subresources") {
            paths::scale(errors, &path, &version["subresources"]["scale"]);
        }
        if let Some(path) = place("additionalPrinterColumns", "additionalPrinterColumns") {
            paths::columns(errors, &path, list(version, &["additionalPrinterColumns"]));
        }
        if let Some(path) = place("selectableFields", "selectableFields") {
            paths::selectable(errors, &path, list(version, &["selectableFields"]), written);
        }
    }
    let names: Vec<&str> = versions.iter().map(|version| text(version, &["name"])).collect();
    if (1..names.len()).any(|i| names[..i].contains(&names[i])) {
        errors.push(Error::invalid("spec.versions", versions.to_vec(), "must contain unique version names"));
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(Error::invalid("spec.versions", versions.to_vec(), detail));
    }
}

fn deprecation(errors: &mut Vec<Error>, path: &str, version: &Value) {
    let Some(warning) = version["deprecationWarning"].as_str() else { return };
    let mut complain = |why: &str| errors.push(Error::invalid(format!("{path}.deprecationWarning"), warning, why));
    if version["deprecated"] != true {
        return complain("can only be set for deprecated versions");
    }
    if warning.len() > 256 {
        complain("must be <= 256 characters long");
    }
    if warning.is_empty() {
        complain("must not be an empty string");
    }
    if let Some((i, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        complain(&format!("must only contain printable UTF-8 characters; non-printable character found at index {i}"));
    }
}

fn stored_versions(errors: &mut Vec<Error>, crd: &Value) {
    const PATH: &str = "status.storedVersions";
    let stored = list(crd, &["status", "storedVersions"]);
    let versions = list(crd, &["spec", "versions"]);
    if stored.is_empty() {
        errors.push(Error::invalid(PATH, stored.to_vec(), "must have at least one stored version"));
        return;
    }
    for version in versions.iter().filter(|version| version["storage"] == true && !stored.contains(&version["name"])) {
        let detail = format!("must have the storage version {}", text(version, &["name"]));
        errors.push(Error::invalid(PATH, version.clone(), detail));
    }
    for (i, name) in stored.iter().enumerate().filter(|(_, name)| !versions.iter().any(|v| v["name"] == **name)) {
        errors.push(Error::invalid(format!("{PATH}[{i}]"), name.clone(), "must appear in spec.versions"));
    }
}
