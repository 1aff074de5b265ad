//! What pods ask for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Usage, add, amounts};
use crate::quantity::Quantity;

/// Of these a quota does not only count: every container must say how much it wants.
const REQUIRED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

pub(super) fn counts(name: &str) -> bool {
    matches!(name, "pods" | "ephemeral-storage" | "requests.ephemeral-storage" | "limits.ephemeral-storage")
        || REQUIRED.contains(&name)
        || name.starts_with("hugepages-")
        || name.starts_with("requests.hugepages-")
        || name.strip_prefix("requests.").is_some_and(is_extended)
}

fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

/// What a pod uses by the names of quotas; one that has ended, or should have, uses nothing.
pub(super) fn usage(pod: &Value) -> Usage {
    if !lives(pod) {
        return Usage::new();
    }
    let spec = &pod["spec"];
    let mut usage = named(&requests(spec), &limits(spec));
    usage.insert("pods".to_owned(), Quantity::whole(1));
    usage
}

fn lives(pod: &Value) -> bool {
    if matches!(pod["status"]["phase"].as_str(), Some("Failed" | "Succeeded")) {
        return false;
    }
    let metadata = &pod["metadata"];
    let deleted = metadata["deletionTimestamp"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    match (deleted, metadata["deletionGracePeriodSeconds"].as_i64()) {
        // A pod whose node is lost shall not keep its user from another.
        (Some(deleted), Some(grace)) => Timestamp::now() <= deleted + SignedDuration::from_secs(grace),
        _ => true,
    }
}

fn named(requests: &Usage, limits: &Usage) -> Usage {
    let mut usage = Usage::new();
    for (name, amount) in requests {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-") {
            usage.insert(name.clone(), *amount);
            usage.insert(format!("requests.{name}"), *amount);
        } else if is_extended(name) {
            usage.insert(format!("requests.{name}"), *amount);
        }
    }
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(amount) = limits.get(name) {
            usage.insert(format!("limits.{name}"), *amount);
        }
    }
    usage
}

/// The most that a pod's containers ask for at once, and the overhead.
pub fn requests(spec: &Value) -> Usage {
    let mut total = at_once(spec, "requests");
    overlay(&mut total, spec, "requests");
    add(&mut total, &amounts(&spec["overhead"]));
    total
}

/// The most that a pod's containers may use at once; the overhead counts where there is a limit.
pub fn limits(spec: &Value) -> Usage {
    let mut total = at_once(spec, "limits");
    overlay(&mut total, spec, "limits");
    let overhead = amounts(&spec["overhead"]).into_iter().filter(|(name, _)| total.contains_key(name)).collect();
    add(&mut total, &overhead);
    total
}

/// What the pod says as a whole counts more than the sum of its containers.
fn overlay(total: &mut Usage, spec: &Value, which: &str) {
    let whole = amounts(&spec["resources"][which]);
    total.extend(whole.into_iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory")));
}

/// Containers run together, with the sidecars; init containers one after the other, with the sidecars started before.
fn at_once(spec: &Value, which: &str) -> Usage {
    let containers = |group: &str| spec[group].as_array().map_or(&[][..], Vec::as_slice).iter();
    let mut total = Usage::new();
    containers("containers").for_each(|container| add(&mut total, &amounts(&container["resources"][which])));
    let (mut sidecars, mut most) = (Usage::new(), Usage::new());
    for container in containers("initContainers") {
        let own = amounts(&container["resources"][which]);
        let mut now = sidecars.clone();
        add(&mut now, &own);
        if container["restartPolicy"] == "Always" {
            sidecars.clone_from(&now);
        }
        higher(&mut most, &now);
    }
    add(&mut total, &sidecars);
    higher(&mut total, &most);
    total
}

fn higher(total: &mut Usage, other: &Usage) {
    for (name, amount) in other {
        let known = total.entry(name.clone()).or_insert(*amount);
        *known = (*known).max(*amount);
    }
}

/// Of what a quota limits and a container must ask for, what is left unsaid: `must specify cpu for: a,b; memory for: a`.
pub(super) fn unspecified<'a>(hard: impl Iterator<Item = &'a str>, spec: &Value) -> Option<String> {
    let required: Vec<&str> = hard.filter(|name| REQUIRED.contains(name)).collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for group in ["containers", "initContainers"] {
        for container in spec[group].as_array().into_iter().flatten() {
            let resources = &container["resources"];
            let said = named(&amounts(&resources["requests"]), &amounts(&resources["limits"]));
            for name in required.iter().filter(|name| !said.contains_key(**name)) {
                missing.entry(name).or_default().insert(container["name"].as_str().unwrap_or_default());
            }
        }
    }
    let each = |(name, containers): (&str, BTreeSet<&str>)| {
        format!("{name} for: {}", containers.into_iter().collect::<Vec<_>>().join(","))
    };
    let all: Vec<String> = missing.into_iter().map(each).collect();
    (!all.is_empty()).then(|| format!("must specify {}", all.join("; ")))
}
