//! Claims and services.

use serde_json::Value;

use super::{Usage, amounts};
use crate::quantity::Quantity;

const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

pub(super) fn claim_counts(name: &str) -> bool {
    let of_class =
        || name.split_once(OF_CLASS).is_some_and(|(_, rest)| matches!(rest, "persistentvolumeclaims" | "requests.storage"));
    matches!(name, "persistentvolumeclaims" | "requests.storage") || of_class()
}

pub(super) fn claim(claim: &Value) -> Usage {
    let one = Quantity::whole(1);
    let mut usage = Usage::from([("persistentvolumeclaims".to_owned(), one)]);
    let requested = amounts(&claim["spec"]["resources"]["requests"]).remove("storage");
    let granted = amounts(&claim["status"]["allocatedResources"]).remove("storage");
    // A volume that could not grow is shrunk back by its user: until then the larger counts.
    let storage = requested.max(granted);
    let class = claim["spec"]["storageClassName"]
        .as_str()
        .or_else(|| claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"].as_str());
    if let Some(class) = class.filter(|class| !class.is_empty()) {
        usage.insert(format!("{class}{OF_CLASS}persistentvolumeclaims"), one);
        if let Some(storage) = storage {
            usage.insert(format!("{class}{OF_CLASS}requests.storage"), storage);
        }
    }
    if let Some(storage) = storage {
        usage.insert("requests.storage".to_owned(), storage);
    }
    usage
}

pub(super) fn service(service: &Value) -> Usage {
    let spec = &service["spec"];
    let ports = spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let whole = |count: usize| Quantity::whole(i64::try_from(count).unwrap_or(i64::MAX));
    let mut usage = Usage::from([("services".to_owned(), Quantity::whole(1))]);
    match spec["type"].as_str() {
        Some("NodePort") => drop(usage.insert("services.nodeports".to_owned(), whole(ports.len()))),
        Some("LoadBalancer") => {
            usage.insert("services.loadbalancers".to_owned(), Quantity::whole(1));
            let count = if spec["allocateLoadBalancerNodePorts"] == false {
                ports.iter().filter(|port| port["nodePort"].as_i64().is_some_and(|port| port != 0)).count()
            } else {
                ports.len()
            };
            usage.insert("services.nodeports".to_owned(), whole(count));
        }
        _ => {}
    }
    usage
}
