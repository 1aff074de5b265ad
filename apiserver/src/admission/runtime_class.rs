//! RuntimeClass: what a pod's runtime costs beside the pod, and where it is to be had.

use std::sync::Arc;

use api::{Key, Object, Status, kinds, quota};
use serde_json::{Value, json};

use super::{Attributes, Mutate, Plugin, Validate};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "RuntimeClass",
    concerns: |attributes| attributes.creates(&kinds::POD),
    mutate: Mutate::Now(mutate),
    validate: Validate::Now(validate),
};

fn class(attributes: &Attributes<'_>, pod: &Value) -> Result<Option<Arc<Object>>, Status> {
    let Some(name) = pod["spec"]["runtimeClassName"].as_str() else { return Ok(None) };
    let found = attributes.app.store.get(&kinds::RUNTIME_CLASS, &Key::cluster(name));
    let why = || format!("pod rejected: RuntimeClass {name:?} not found");
    found.map(Some).ok_or_else(|| attributes.forbidden(pod, &why()))
}

fn mutate(attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
    let Some(class) = class(attributes, pod)? else { return Ok(()) };
    let class = class.value();
    let fixed = &class["overhead"]["podFixed"];
    if fixed.is_object() {
        if pod["spec"]["overhead"].is_null() {
            pod["spec"]["overhead"] = fixed.clone();
        } else if quota::amounts(&pod["spec"]["overhead"]) != quota::amounts(fixed) {
            let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
            return Err(attributes.forbidden(pod, why));
        }
    }
    for (key, value) in class["scheduling"]["nodeSelector"].as_object().into_iter().flatten() {
        let known = &pod["spec"]["nodeSelector"][key.as_str()];
        if !known.is_null() && known != value {
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; pod.spec.nodeSelector[{key}] = {}",
                value.as_str().unwrap_or_default(),
                known.as_str().unwrap_or_default()
            );
            return Err(attributes.forbidden(pod, &why));
        }
        pod["spec"]["nodeSelector"][key.as_str()] = value.clone();
    }
    let more = class["scheduling"]["tolerations"].as_array().cloned().unwrap_or_default();
    if !more.is_empty() {
        let mut tolerations = pod["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
        tolerations.extend(
            more.into_iter().filter(|one| !pod["spec"]["tolerations"].as_array().is_some_and(|all| all.contains(one))),
        );
        pod["spec"]["tolerations"] = json!(tolerations);
    }
    Ok(())
}

fn validate(attributes: &Attributes<'_>, pod: &Value) -> Result<(), Status> {
    let overhead = &pod["spec"]["overhead"];
    if overhead.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok(());
    }
    let fixed = class(attributes, pod)?.map_or(Value::Null, |class| class.value()["overhead"]["podFixed"].take());
    if fixed.is_null() {
        let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
        return Err(attributes.forbidden(pod, why));
    }
    if quota::amounts(overhead) != quota::amounts(&fixed) {
        return Err(attributes.forbidden(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"));
    }
    Ok(())
}
