//! Pod: containers that live and die together.

/// What `kubectl get pods` shows.
mod columns;

/// What may change.
mod update;

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Deletion, Field, Generation, Kind, Serves, Subresource, Version},
    kinds::{
        default::member,
        pod_spec,
        read::{at, integer, list, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "Pod",
    plural: "pods",
    short_names: &["po"],
    categories: &["all"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Pod")],
    subresources: SUBRESOURCES,
    columns: columns::COLUMNS,
    fields: FIELDS,
    generation: Generation::Counted,
    deletion: Deletion::Graceful { grace },
    default: |pod| pod_spec::default::of_pod(member(pod, "spec")),
    prepare_create,
    prepare_update: status::keep,
    validate,
    validate_update: update::validate,
    validate_status: update::validate_status,
    warnings: |pod| pod_spec::warnings::of("spec", at(pod, &["spec"])),
    shows_deleted: true,
    ..Kind::NAMESPACED
};

static SUBRESOURCES: &[Subresource] = &[
    Subresource { name: "attach", kind: "PodAttachOptions", ..Subresource::STREAM },
    Subresource { name: "binding", verbs: &["create"], kind: "Binding", serves: Serves::Binding, ..Subresource::STATUS },
    Subresource { name: "ephemeralcontainers", serves: Serves::EphemeralContainers, ..Subresource::STATUS },
    Subresource {
        name: "eviction",
        verbs: &["create"],
        group: "policy",
        version: "v1",
        kind: "Eviction",
        serves: Serves::Eviction,
    },
    Subresource { name: "exec", kind: "PodExecOptions", ..Subresource::STREAM },
    Subresource { name: "log", verbs: &["get"], ..Subresource::STREAM },
    Subresource { name: "portforward", kind: "PodPortForwardOptions", ..Subresource::STREAM },
    Subresource { kind: "PodProxyOptions", ..Subresource::PROXY },
    Subresource { name: "resize", serves: Serves::Resize, ..Subresource::STATUS },
    Subresource::STATUS,
];

static FIELDS: &[Field] = &[
    Field { path: "spec.nodeName", value: |pod| text(pod, &["spec", "nodeName"]).to_owned() },
    Field { path: "spec.restartPolicy", value: |pod| text(pod, &["spec", "restartPolicy"]).to_owned() },
    Field { path: "spec.schedulerName", value: |pod| text(pod, &["spec", "schedulerName"]).to_owned() },
    Field { path: "spec.serviceAccountName", value: |pod| text(pod, &["spec", "serviceAccountName"]).to_owned() },
    Field { path: "spec.hostNetwork", value: host_network },
    Field { path: "status.phase", value: |pod| text(pod, &["status", "phase"]).to_owned() },
    Field { path: "status.podIP", value: |pod| addresses(pod).first().copied().unwrap_or_default().to_owned() },
    Field { path: "status.podIPs", value: |pod| addresses(pod).join(",") },
    Field { path: "status.nominatedNodeName", value: |pod| text(pod, &["status", "nominatedNodeName"]).to_owned() },
];

fn host_network(pod: &Value) -> String {
    at(pod, &["spec", "hostNetwork"]).as_bool().unwrap_or_default().to_string()
}

/// The pod's addresses; those who write only the old single field count too.
fn addresses(pod: &Value) -> Vec<&str> {
    let all: Vec<&str> = list(pod, &["status", "podIPs"]).iter().map(|entry| text(entry, &["ip"])).collect();
    match text(pod, &["status", "podIP"]) {
        only if all.is_empty() && !only.is_empty() => vec![only],
        _ => all,
    }
}

fn prepare_create(pod: &mut Value) {
    let class = pod_spec::qos::class(&pod["spec"]);
    status::reset(pod, json!({"phase": "Pending", "qosClass": class}));
}

fn validate(pod: &Value) -> Vec<Error> {
    let spec = at(pod, &["spec"]);
    let mut errors = Vec::new();
    pod_spec::validate::validate(&mut errors, "spec", spec);
    pod_spec::container::validate_in_pod(&mut errors, spec);
    let gated = !list(spec, &["schedulingGates"]).is_empty();
    if gated && !text(spec, &["nodeName"]).is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.push(Error::forbidden("spec.nodeName", detail));
    }
    errors
}

/// Nobody needs time to end a pod that no node holds or that has ended.
fn grace(pod: &Value) -> i64 {
    let ended = matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed");
    if ended || text(pod, &["spec", "nodeName"]).is_empty() {
        return 0;
    }
    match integer(pod, &["spec", "terminationGracePeriodSeconds"]) {
        ..0 => 1,
        seconds => seconds,
    }
}
