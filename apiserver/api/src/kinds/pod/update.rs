//! What may change in a Pod that exists.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::immutable,
        default::items,
        read::{at, list, text},
    },
    names,
};

const MUTABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate(new: &Value, old: &Value) -> Vec<Error> {
    let (new, old) = (at(new, &["spec"]), at(old, &["spec"]));
    let mut errors = Vec::new();
    for name in ["containers", "initContainers"] {
        if list(new, &[name]).len() != list(old, &[name]).len() {
            return vec![Error::forbidden(format!("spec.{name}"), "pod updates may not add or remove containers")];
        }
    }
    deadline(&mut errors, at(new, &["activeDeadlineSeconds"]), at(old, &["activeDeadlineSeconds"]));
    tolerations(&mut errors, list(new, &["tolerations"]), list(old, &["tolerations"]));
    gates(&mut errors, list(new, &["schedulingGates"]), list(old, &["schedulingGates"]));
    let allowed = with_allowed_changes(new, old);
    if allowed != *new {
        let mut differences = Vec::new();
        diff(&mut differences, "spec", &allowed, new);
        let detail = format!("pod updates may not change fields other than {MUTABLE}\n{}", differences.join("\n"));
        errors.push(Error::forbidden("spec", detail));
    }
    errors
}

pub(super) fn validate_status(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    if text(new, &["spec", "nodeName"]) != text(old, &["spec", "nodeName"]) {
        errors.push(Error::forbidden("status.nodeName", "may not be changed directly"));
    }
    let nominated = text(new, &["status", "nominatedNodeName"]);
    if !nominated.is_empty() && nominated != text(old, &["status", "nominatedNodeName"]) {
        errors.extend(Error::each("status.nominatedNodeName", nominated, names::dns_subdomain(nominated)));
    }
    if !at(old, &["status", "qosClass"]).is_null() {
        immutable(&mut errors, "status.qosClass", at(new, &["status", "qosClass"]), at(old, &["status", "qosClass"]));
    }
    let policy = text(old, &["spec", "restartPolicy"]);
    for name in ["containerStatuses", "initContainerStatuses"] {
        revived(&mut errors, name, new, old, policy);
    }
    revived(&mut errors, "ephemeralContainerStatuses", new, old, "Never");
    for (i, entry) in list(new, &["status", "podIPs"]).iter().enumerate() {
        let ip = text(entry, &["ip"]);
        errors.extend(Error::each(&format!("status.podIPs[{i}]"), ip, names::ip(ip)));
    }
    let first = list(new, &["status", "hostIPs"]).first().map(|entry| text(entry, &["ip"]));
    if let Some(first) = first.filter(|first| *first != text(new, &["status", "hostIP"])) {
        errors.push(Error::invalid("status.hostIPs[0].ip", first, "must be equal to `hostIP`"));
    }
    errors
}

/// The old spec with the changes that are allowed.
fn with_allowed_changes(new: &Value, old: &Value) -> Value {
    let mut allowed = old.clone();
    for name in ["containers", "initContainers"] {
        for (container, changed) in items(&mut allowed, name).zip(list(new, &[name])) {
            take(container, changed, "image");
        }
    }
    for name in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        take(&mut allowed, new, name);
    }
    let grace = |spec: &Value| at(spec, &["terminationGracePeriodSeconds"]).as_i64();
    if grace(old).is_some_and(|seconds| seconds < 0) && grace(new) == Some(1) {
        allowed["terminationGracePeriodSeconds"] = 1.into();
    }
    allowed
}

/// Makes the member called `name` what it is in `from`.
fn take(value: &mut Value, from: &Value, name: &str) {
    let Some(members) = value.as_object_mut() else { return };
    match from.get(name) {
        Some(member) => members.insert(name.to_owned(), member.clone()),
        None => members.remove(name),
    };
}

fn deadline(errors: &mut Vec<Error>, new: &Value, old: &Value) {
    const PATH: &str = "spec.activeDeadlineSeconds";
    match (new.as_i64(), old.as_i64()) {
        (Some(new), Some(old)) if old < new => {
            errors.push(Error::invalid(PATH, new, "must be less than or equal to previous value"));
        }
        (None, Some(_)) => {
            errors.push(Error::invalid(PATH, Value::Null, "must not update from a positive integer to nil value"));
        }
        _ => {}
    }
}

/// New ones may come; of the old ones only the seconds may change.
fn tolerations(errors: &mut Vec<Error>, new: &[Value], old: &[Value]) {
    let bare = |toleration: &Value| {
        let mut bare = toleration.clone();
        bare.as_object_mut().and_then(|members| members.remove("tolerationSeconds"));
        bare
    };
    if old.iter().any(|old| !new.iter().any(|new| bare(new) == bare(old))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(Error::forbidden("spec.tolerations", detail));
    }
}

fn gates(errors: &mut Vec<Error>, new: &[Value], old: &[Value]) {
    for (i, gate) in new.iter().enumerate().filter(|(_, gate)| !old.contains(gate)) {
        let name = text(gate, &["name"]);
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        errors.push(Error::forbidden(format!("spec.schedulingGates[{i}].name"), detail));
    }
}

/// A container that has ended for good stays ended.
fn revived(errors: &mut Vec<Error>, name: &str, new: &Value, old: &Value, policy: &str) {
    if policy == "Always" {
        return;
    }
    let sidecar = |status: &Value| {
        let specs = list(old, &["spec", "initContainers"]);
        specs.iter().any(|spec| spec["name"] == status["name"] && spec["restartPolicy"] == "Always")
    };
    for (i, was) in list(old, &["status", name]).iter().enumerate() {
        let ended = at(was, &["state", "terminated"]);
        let restarts = policy == "OnFailure" && at(ended, &["exitCode"]) != 0;
        if ended.is_null() || restarts || sidecar(was) {
            continue;
        }
        let alive = |is: &&Value| is["name"] == was["name"] && at(is, &["state", "terminated"]).is_null();
        if list(new, &["status", name]).iter().any(|is| alive(&is)) {
            let detail = "may not be transitioned to non-terminated state";
            errors.push(Error::forbidden(format!("status.{name}[{i}].state"), detail));
        }
    }
}

/// What differs, a line for each value: enough to see what to undo.
fn diff(lines: &mut Vec<String>, path: &str, old: &Value, new: &Value) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                diff(lines, &format!("{path}.{name}"), at(old, &[name]), at(new, &[name]));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (old, new)) in a.iter().zip(b).enumerate() {
                diff(lines, &format!("{path}[{i}]"), old, new);
            }
        }
        _ if old == new => {}
        _ => lines.extend([format!("- {path}: {old}"), format!("+ {path}: {new}")]),
    }
}
