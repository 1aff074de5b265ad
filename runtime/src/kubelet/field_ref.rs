//! The downward API: what `fieldRef` and `resourceFieldRef` say of a pod. Pure.

use std::{collections::BTreeMap, fmt::Write, net::IpAddr};

use api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};

/// What is known of a pod only on its node.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) pod_ip: Option<IpAddr>,
    pub(crate) host_ip: IpAddr,
    /// What stands in for a limit that was not set.
    pub(crate) allocatable: BTreeMap<&'static str, String>,
}

/// The value of `path`; `None` for a path that is none.
pub(crate) fn field(pod: &Pod, path: &str, facts: &Facts) -> Option<String> {
    let meta = &pod.metadata;
    let spec = pod.spec.as_ref();
    if let Some((map, key)) = subscript(path) {
        let map = match map {
            "metadata.labels" => meta.labels.as_ref(),
            "metadata.annotations" => meta.annotations.as_ref(),
            _ => return None,
        };
        return Some(map.and_then(|map| map.get(key)).cloned().unwrap_or_default());
    }
    let ip = facts.pod_ip.map(|ip| ip.to_string()).unwrap_or_default();
    match path {
        "metadata.name" => Some(meta.name.clone().unwrap_or_default()),
        "metadata.namespace" => Some(meta.namespace.clone().unwrap_or_default()),
        "metadata.uid" => Some(meta.uid.clone().unwrap_or_default()),
        "metadata.labels" => Some(lines(meta.labels.as_ref())),
        "metadata.annotations" => Some(lines(meta.annotations.as_ref())),
        "spec.nodeName" => Some(spec.and_then(|s| s.node_name.clone()).unwrap_or_default()),
        "spec.serviceAccountName" => Some(spec.and_then(|s| s.service_account_name.clone()).unwrap_or_default()),
        "status.hostIP" | "status.hostIPs" => Some(facts.host_ip.to_string()),
        "status.podIP" | "status.podIPs" => Some(ip),
        _ => None,
    }
}

/// The value of a request or limit in units of the divisor, rounded up. An error says what is wrong with the selector.
pub(crate) fn resource(container: &Container, selector: &ResourceFieldSelector, facts: &Facts) -> Result<String, String> {
    let unsupported = || format!("unsupported container resource : {}", selector.resource);
    let (side, name) = selector.resource.split_once('.').ok_or_else(unsupported)?;
    let resources = container.resources.as_ref();
    let limit = resources.and_then(|r| r.limits.as_ref()).and_then(|limits| limits.get(name));
    let value = match side {
        "limits" => limit.map(|q| q.0.clone()).or_else(|| facts.allocatable.get(name).cloned()),
        "requests" => resources.and_then(|r| r.requests.as_ref()).and_then(|r| r.get(name)).or(limit).map(|q| q.0.clone()),
        _ => return Err(unsupported()),
    };
    let divisor = selector.divisor.as_ref().map_or("1", |q| q.0.as_str());
    let divisor = if matches!(divisor, "" | "0") { "1" } else { divisor };
    let (value, divisor) = (Quantity::parse(value.as_deref().unwrap_or("0"))?, Quantity::parse(divisor)?);
    let (value, divisor) = if name == "cpu" { (value.milli(), divisor.milli()) } else { (value.value(), divisor.value()) };
    let divisor = divisor.max(1);
    Ok(((value + divisor - 1).div_euclid(divisor)).to_string())
}

/// `metadata.labels['x']` → (`metadata.labels`, `x`).
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, rest) = path.split_once("['")?;
    Some((map, rest.strip_suffix("']")?))
}

/// A map as the downward API writes it: `key="value"` a line, in order, the value quoted as Go does.
fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let mut out = String::new();
    for (i, (key, value)) in map.into_iter().flatten().enumerate() {
        let separator = if i == 0 { "" } else { "\n" };
        write!(out, "{separator}{key}={value:?}").expect("writing to a String cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts() -> Facts {
        let allocatable = BTreeMap::from([("cpu", "2".to_owned()), ("memory", "8Gi".to_owned())]);
        Facts { pod_ip: Some(IpAddr::from([10, 128, 0, 2])), host_ip: IpAddr::from([127, 0, 0, 1]), allocatable }
    }

    #[test]
    fn fields_of_a_pod() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": { "name": "p", "labels": { "b": "x\"y", "a": "1" }, "annotations": { "k": "v" } },
            "spec": { "nodeName": "n", "containers": [] }
        }))
        .unwrap();
        for (path, expected) in [
            ("metadata.name", Some("p")),
            ("metadata.labels", Some("a=\"1\"\nb=\"x\\\"y\"")),
            ("metadata.annotations['k']", Some("v")),
            ("metadata.labels['none']", Some("")),
            ("spec.nodeName", Some("n")),
            ("status.podIP", Some("10.128.0.2")),
            ("status.phase", None),
        ] {
            assert_eq!(field(&pod, path, &facts()).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn resources_are_rounded_up_to_the_divisor() {
        let container: Container = serde_json::from_value(json!({
            "name": "c", "resources": { "limits": { "cpu": "250m" }, "requests": { "memory": "100Mi" } }
        }))
        .unwrap();
        for (resource_name, divisor, expected) in [
            ("limits.cpu", None, Ok("1")),
            ("limits.cpu", Some("1m"), Ok("250")),
            ("requests.cpu", Some("1m"), Ok("250")),
            ("requests.memory", Some("1Mi"), Ok("100")),
            ("limits.memory", Some("1Gi"), Ok("8")),
            ("cpu", None, Err("unsupported container resource : cpu")),
        ] {
            let selector = serde_json::from_value(json!({ "resource": resource_name, "divisor": divisor })).unwrap();
            let value = resource(&container, &selector, &facts());
            assert_eq!(value.as_deref().map_err(String::as_str), expected, "{resource_name} {divisor:?}");
        }
    }
}
