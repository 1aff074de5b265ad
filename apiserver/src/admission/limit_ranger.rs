//! LimitRanger: what pods and claims ask for when they say nothing, and the least and most they may ask for.

use std::sync::Arc;

use api::{
    Status, kinds,
    quantity::Quantity,
    quota::{self, Usage},
};
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation, Plugin, State, Validate};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "LimitRanger",
    concerns: |attributes| {
        let kind = attributes.row.kind;
        let writes = match attributes.operation {
            Operation::Create => attributes.is_for(&kinds::POD) || attributes.is_for(&kinds::PERSISTENT_VOLUME_CLAIM),
            Operation::Update => attributes.is_for(&kinds::PERSISTENT_VOLUME_CLAIM) || attributes.is_resize(),
            Operation::Delete | Operation::Connect => false,
        };
        writes && kind.namespaced && State::limit_ranges(attributes.app).contains_key(attributes.namespace())
    },
    mutate: Mutate::Now(mutate),
    validate: Validate::Now(validate),
};

/// Upstream's mark of what it filled in.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// The items of the ranges of a namespace, by the names of the ranges.
pub(super) type Ranges = std::collections::HashMap<Box<str>, Arc<Vec<Item>>>;

pub(super) struct Item {
    kind: String,
    max: Usage,
    min: Usage,
    default: Usage,
    request: Usage,
    ratio: Usage,
}

pub(super) fn all(ranges: &store::Snapshot) -> Ranges {
    let mut all: std::collections::HashMap<Box<str>, Vec<Item>> = std::collections::HashMap::new();
    for range in ranges.iter_from(None) {
        let value = range.value();
        let items = value["spec"]["limits"].as_array().into_iter().flatten().map(Item::of);
        all.entry(range.key().namespace.clone()).or_default().extend(items);
    }
    all.into_iter().map(|(namespace, items)| (namespace, Arc::new(items))).collect()
}

impl Item {
    fn of(item: &Value) -> Self {
        Self {
            kind: item["type"].as_str().unwrap_or_default().to_owned(),
            max: quota::amounts(&item["max"]),
            min: quota::amounts(&item["min"]),
            default: quota::amounts(&item["default"]),
            request: quota::amounts(&item["defaultRequest"]),
            ratio: quota::amounts(&item["maxLimitRequestRatio"]),
        }
    }
}

fn items(attributes: &Attributes<'_>) -> Arc<Vec<Item>> {
    State::limit_ranges(attributes.app).get(attributes.namespace()).cloned().unwrap_or_default()
}

fn mutate(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    if attributes.creates(&kinds::POD) {
        let items = items(attributes);
        items.iter().filter(|item| item.kind == "Container").for_each(|item| fill(item, value));
    }
    Ok(())
}

fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    let items = items(attributes);
    let complaints: Vec<String> = items.iter().flat_map(|item| complaints(item, attributes, value)).collect();
    match complaints.as_slice() {
        [] => Ok(()),
        [one] => Err(attributes.forbidden(value, one)),
        many => Err(attributes.forbidden(value, &format!("[{}]", many.join(", ")))),
    }
}

fn fill(item: &Item, pod: &mut Value) {
    let mut said = Vec::new();
    for (group, word) in [("containers", "container"), ("initContainers", "init container")] {
        for container in pod["spec"].get_mut(group).and_then(Value::as_array_mut).into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default().to_owned();
            for (which, amounts) in [("requests", &item.request), ("limits", &item.default)] {
                let missing: Vec<&String> =
                    amounts.keys().filter(|name| container["resources"][which][name.as_str()].is_null()).collect();
                for resource in &missing {
                    container["resources"][which][resource.as_str()] = amounts[*resource].to_string().into();
                }
                if !missing.is_empty() {
                    let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
                    said.push(format!("{} {} for {word} {name}", names.join(", "), which.trim_end_matches('s')));
                }
            }
        }
    }
    if !said.is_empty() {
        let text = format!("LimitRanger plugin set: {}", said.join("; "));
        if pod["metadata"]["annotations"].is_null() {
            pod["metadata"]["annotations"] = json!({});
        }
        pod["metadata"]["annotations"][ANNOTATION] = text.into();
    }
}

fn complaints(item: &Item, attributes: &Attributes<'_>, value: &Value) -> Vec<String> {
    let is_pod = std::ptr::eq(attributes.row.kind, &kinds::POD);
    let mut said = Vec::new();
    match item.kind.as_str() {
        "Container" if is_pod => {
            for group in ["containers", "initContainers"] {
                for container in value["spec"][group].as_array().into_iter().flatten() {
                    let amounts = |which: &str| quota::amounts(&container["resources"][which]);
                    bounds(&mut said, item, &amounts("requests"), &amounts("limits"));
                }
            }
        }
        "Pod" if is_pod => {
            bounds(&mut said, item, &quota::pod::requests(&value["spec"]), &quota::pod::limits(&value["spec"]));
        }
        "PersistentVolumeClaim" if !is_pod => {
            let requests = quota::amounts(&value["spec"]["resources"]["requests"]);
            claim(&mut said, item, &requests);
        }
        _ => {}
    }
    said
}

/// `plugin/pkg/admission/limitranger/admission.go`.
fn bounds(said: &mut Vec<String>, item: &Item, requests: &Usage, limits: &Usage) {
    let kind = &item.kind;
    for (name, min) in &item.min {
        match (requests.get(name), limits.get(name)) {
            (None, _) => said.push(format!("minimum {name} usage per {kind} is {min}.  No request is specified")),
            (Some(request), _) if request < min => {
                said.push(format!("minimum {name} usage per {kind} is {min}, but request is {request}"));
            }
            (_, Some(limit)) if limit < min => {
                said.push(format!("minimum {name} usage per {kind} is {min}, but limit is {limit}"));
            }
            _ => {}
        }
    }
    for (name, max) in &item.max {
        match (requests.get(name), limits.get(name)) {
            (_, None) => said.push(format!("maximum {name} usage per {kind} is {max}.  No limit is specified")),
            (_, Some(limit)) if limit > max => {
                said.push(format!("maximum {name} usage per {kind} is {max}, but limit is {limit}"));
            }
            (Some(request), _) if request > max => {
                said.push(format!("maximum {name} usage per {kind} is {max}, but request is {request}"));
            }
            _ => {}
        }
    }
    for (name, ratio) in &item.ratio {
        let start = format!("{name} max limit to request ratio per {kind} is {ratio}, but");
        let some = |amount: Option<&Quantity>| amount.filter(|amount| !amount.is_zero()).map(|amount| amount.milli() as f64);
        match (some(requests.get(name)), some(limits.get(name))) {
            (None, _) => said.push(format!("{start} no request is specified or request is 0")),
            (_, None) => said.push(format!("{start} no limit is specified or limit is 0")),
            (Some(request), Some(limit)) if limit / request * 1000.0 > ratio.milli() as f64 => {
                said.push(format!("{start} provided ratio is {:.6}", limit / request));
            }
            _ => {}
        }
    }
}

fn claim(said: &mut Vec<String>, item: &Item, requests: &Usage) {
    let kind = &item.kind;
    for (name, min) in &item.min {
        match requests.get(name) {
            None => said.push(format!("minimum {name} usage per {kind} is {min}.  No request is specified")),
            Some(request) if request < min => {
                said.push(format!("minimum {name} usage per {kind} is {min}, but request is {request}"));
            }
            Some(_) => {}
        }
    }
    for (name, max) in &item.max {
        match requests.get(name) {
            None => said.push(format!("maximum {name} usage per {kind} is {max}.  No request is specified")),
            Some(request) if request > max => {
                said.push(format!("maximum {name} usage per {kind} is {max}, but request is {request}"));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(item: Value) -> Item {
        Item::of(&item)
    }

    #[test]
    fn what_is_missing_is_filled_in_and_told() {
        let mut pod = json!({ "metadata": {}, "spec": { "containers": [{ "name": "a", "resources": { "limits": { "cpu": "1" } } }, { "name": "b" }] } });
        let range = item(
            json!({ "type": "Container", "default": { "cpu": "500m", "memory": "1Gi" }, "defaultRequest": { "cpu": "100m" } }),
        );
        fill(&range, &mut pod);
        assert_eq!(
            pod["spec"]["containers"][0]["resources"],
            json!({ "limits": { "cpu": "1", "memory": "1Gi" }, "requests": { "cpu": "100m" } })
        );
        let told = "LimitRanger plugin set: cpu request for container a; memory limit for container a; cpu request for container b; cpu, memory limit for container b";
        assert_eq!(pod["metadata"]["annotations"][ANNOTATION], told);
        let once = pod.clone();
        fill(&range, &mut pod);
        assert_eq!(pod["spec"], once["spec"]);
    }

    #[test]
    fn bounds_are_kept() {
        let range = item(
            json!({ "type": "Container", "min": { "cpu": "100m" }, "max": { "cpu": "1" }, "maxLimitRequestRatio": { "cpu": "2" } }),
        );
        let cases = [
            (json!({ "cpu": "500m" }), json!({ "cpu": "1" }), vec![]),
            (
                json!({ "cpu": "50m" }),
                json!({ "cpu": "100m" }),
                vec!["minimum cpu usage per Container is 100m, but request is 50m"],
            ),
            (json!({ "cpu": "1" }), json!({ "cpu": "2" }), vec!["maximum cpu usage per Container is 1, but limit is 2"]),
            (
                json!({ "cpu": "100m" }),
                json!({ "cpu": "500m" }),
                vec!["cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000"],
            ),
            (
                json!({}),
                json!({}),
                vec![
                    "minimum cpu usage per Container is 100m.  No request is specified",
                    "maximum cpu usage per Container is 1.  No limit is specified",
                    "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
                ],
            ),
        ];
        for (requests, limits, expected) in cases {
            let mut said = Vec::new();
            bounds(&mut said, &range, &quota::amounts(&requests), &quota::amounts(&limits));
            assert_eq!(said, expected, "{requests} {limits}");
        }
    }
}
