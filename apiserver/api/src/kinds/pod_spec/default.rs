//! What a pod's spec says when the user does not; the same in Pods and in templates, but for [`of_pod`].

use serde_json::{Value, json};

use crate::{
    kinds::{
        default::{items, member, set, set_text},
        read::{at, is_empty, text},
    },
    quantity::{self, Quantity},
};

/// Every list of containers in a spec.
pub(crate) const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Fills in a spec, of a Pod or of a template.
pub(crate) fn of_template(spec: &mut Value) {
    set_text(spec, "dnsPolicy", "ClusterFirst");
    set_text(spec, "restartPolicy", "Always");
    set_text(spec, "schedulerName", "default-scheduler");
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", 30);
    mirror_service_account(spec);
    for name in CONTAINERS {
        items(spec, name).for_each(container);
    }
    items(spec, "volumes").for_each(volume);
    if let Some(resources) = spec.get_mut("resources") {
        canonical_amounts(resources);
    }
    if let Some(overhead) = spec.get_mut("overhead") {
        canonical_members(overhead);
    }
}

/// What only Pods are given: templates stay as their users wrote them.
pub(crate) fn of_pod(spec: &mut Value) {
    set_text(spec, "serviceAccountName", "default");
    of_template(spec);
    set(spec, "enableServiceLinks", true);
    let host_network = spec["hostNetwork"] == true;
    for name in ["initContainers", "containers"] {
        for container in items(spec, name) {
            requests_from_limits(container);
            if host_network {
                host_ports(container);
            }
        }
    }
}

/// The account's old name follows the new one; alone, it speaks for it.
fn mirror_service_account(spec: &mut Value) {
    let name = match (text(spec, &["serviceAccountName"]), text(spec, &["serviceAccount"])) {
        ("", old) => old.to_owned(),
        (new, _) => new.to_owned(),
    };
    if !name.is_empty() {
        spec["serviceAccountName"] = name.clone().into();
        spec["serviceAccount"] = name.into();
    }
}

fn container(container: &mut Value) {
    let policy = if always_pulled(text(container, &["image"])) { "Always" } else { "IfNotPresent" };
    set_text(container, "imagePullPolicy", policy);
    set(container, "resources", json!({}));
    set_text(container, "terminationMessagePath", "/dev/termination-log");
    set_text(container, "terminationMessagePolicy", "File");
    canonical_amounts(&mut container["resources"]);
    for port in items(container, "ports") {
        set_text(port, "protocol", "TCP");
    }
    for variable in items(container, "env") {
        if let Some(source) = variable.get_mut("valueFrom") {
            downward(source);
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(value) = container.get_mut(name).filter(|value| value.is_object()) {
            probe(value);
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(get) = container.pointer_mut(&format!("/lifecycle/{hook}/httpGet")) {
            http_get(get);
        }
    }
}

/// Whether the image's tag is `latest`, said or implied; a digest alone is no tag.
fn always_pulled(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    // a colon before the last slash belongs to the registry's port
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => digest.is_none(),
    }
}

fn probe(probe: &mut Value) {
    for (name, default) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
        if probe.get(name).is_none_or(|value| value.is_null() || *value == 0) {
            probe[name] = default.into();
        }
    }
    if let Some(get) = probe.get_mut("httpGet").filter(|get| get.is_object()) {
        http_get(get);
    }
    if let Some(grpc) = probe.get_mut("grpc").filter(|grpc| grpc.is_object()) {
        set(grpc, "service", "");
    }
}

fn http_get(get: &mut Value) {
    set_text(get, "path", "/");
    set_text(get, "scheme", "HTTP");
}

/// References to the pod's own fields, in variables and in files.
fn downward(source: &mut Value) {
    if let Some(field) = source.get_mut("fieldRef").filter(|field| field.is_object()) {
        set_text(field, "apiVersion", "v1");
    }
    if let Some(resource) = source.get_mut("resourceFieldRef").filter(|resource| resource.is_object()) {
        set(resource, "divisor", "0");
        quantity::canonicalize(&mut resource["divisor"]);
    }
}

fn volume(volume: &mut Value) {
    let sources = volume.as_object().into_iter().flatten().filter(|(name, value)| *name != "name" && !value.is_null());
    if sources.count() == 0 {
        volume["emptyDir"] = json!({});
    }
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(name).filter(|source| source.is_object()) {
            set(source, "defaultMode", 0o644);
        }
    }
    if let Some(path) = volume.get_mut("hostPath").filter(|path| path.is_object()) {
        set(path, "type", "");
    }
    if let Some(limit) = volume.pointer_mut("/emptyDir/sizeLimit") {
        quantity::canonicalize(limit);
    }
    if let Some(files) = volume.get_mut("downwardAPI") {
        items(files, "items").for_each(downward);
    }
    let Some(projected) = volume.get_mut("projected") else { return };
    for source in items(projected, "sources") {
        if let Some(token) = source.get_mut("serviceAccountToken").filter(|token| token.is_object()) {
            set(token, "expirationSeconds", 3600);
        }
        if let Some(files) = source.get_mut("downwardAPI") {
            items(files, "items").for_each(downward);
        }
    }
}

/// What is limited and not requested is requested up to its limit.
fn requests_from_limits(container: &mut Value) {
    let limits = at(container, &["resources", "limits"]).clone();
    if is_empty(&limits) {
        return;
    }
    let requests = member(&mut container["resources"], "requests");
    for (name, amount) in limits.as_object().into_iter().flatten() {
        set(requests, name, amount.clone());
    }
}

fn host_ports(container: &mut Value) {
    for port in items(container, "ports") {
        let number = port["containerPort"].clone();
        if port.get("hostPort").is_none_or(|port| port.is_null() || *port == 0) {
            port["hostPort"] = number;
        }
    }
}

fn canonical_amounts(resources: &mut Value) {
    for name in ["limits", "requests"] {
        if let Some(amounts) = resources.get_mut(name) {
            canonical_members(amounts);
        }
    }
}

/// A map of resource names to quantities: nothing is given out in less than thousandths.
pub(crate) fn canonical_members(amounts: &mut Value) {
    for amount in amounts.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        quantity::canonicalize(amount);
        if let Some(Ok(quantity)) = amount.as_str().map(Quantity::parse) {
            *amount = quantity.in_milli().to_string().into();
        }
    }
}
