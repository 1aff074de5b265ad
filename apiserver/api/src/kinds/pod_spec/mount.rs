//! Where volumes appear in a container, and what paths may look like.

use serde_json::Value;

use super::volume::Volumes;
use crate::{
    field::Error,
    kinds::read::{list, text},
};

pub(super) fn validate(errors: &mut Vec<Error>, path: &str, mounts: &[Value], volumes: &Volumes<'_>) {
    for (i, mount) in mounts.iter().enumerate() {
        let at_path = format!("{path}[{i}]");
        let (name, target) = (text(mount, &["name"]), text(mount, &["mountPath"]));
        if name.is_empty() {
            errors.push(Error::required(format!("{at_path}.name"), ""));
        }
        if !volumes.contains(&name) {
            errors.push(Error::not_found(format!("{at_path}.name"), name));
        }
        if target.is_empty() {
            errors.push(Error::required(format!("{at_path}.mountPath"), ""));
        }
        if mounts[..i].iter().any(|earlier| earlier["mountPath"] == target) {
            errors.push(Error::invalid(format!("{at_path}.mountPath"), target, "must be unique"));
        }
        let (fixed, expanded) = (text(mount, &["subPath"]), text(mount, &["subPathExpr"]));
        // the paths of these two lack the index upstream, and so here
        descending(errors, &format!("{path}.subPath"), fixed);
        if !expanded.is_empty() && !fixed.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(Error::invalid(format!("{at_path}.subPathExpr"), expanded, detail));
        }
        descending(errors, &format!("{path}.subPathExpr"), expanded);
    }
}

/// A path below something: relative, and never upwards.
pub(super) fn descending(errors: &mut Vec<Error>, path: &str, target: &str) {
    if target.starts_with('/') {
        errors.push(Error::invalid(path, target, "must be a relative path"));
    }
    no_backsteps(errors, path, target);
}

pub(super) fn no_backsteps(errors: &mut Vec<Error>, path: &str, target: &str) {
    if target.split('/').any(|part| part == "..") {
        errors.push(Error::invalid(path, target, "must not contain '..'"));
    }
}

/// The path of a file in a volume that the node writes; `..` is its own.
pub(super) fn file_path(errors: &mut Vec<Error>, path: &str, target: &str) {
    if target.is_empty() {
        return errors.push(Error::required(path, ""));
    }
    descending(errors, path, target);
    if target.starts_with("..") && !target.starts_with("../") && target != ".." {
        errors.push(Error::invalid(path, target, "must not start with '..'"));
    }
}

/// Permissions of files.
pub(super) fn mode(errors: &mut Vec<Error>, path: String, mode: &Value) {
    if let Some(mode) = mode.as_i64().filter(|mode| !(0..=0o777).contains(mode)) {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.push(Error::invalid(path, mode, detail));
    }
}

/// Which keys of a ConfigMap or Secret become which files.
pub(super) fn keys(errors: &mut Vec<Error>, path: &str, source: &Value) {
    for (i, item) in list(source, &["items"]).iter().enumerate() {
        let path = format!("{path}.items[{i}]");
        if text(item, &["key"]).is_empty() {
            errors.push(Error::required(format!("{path}.key"), ""));
        }
        file_path(errors, &format!("{path}.path"), text(item, &["path"]));
        mode(errors, format!("{path}.mode"), &item["mode"]);
    }
}
