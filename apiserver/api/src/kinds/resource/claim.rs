//! ResourceClaim and ResourceClaimTemplate: a pod's wish for devices.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        checks::immutable,
        default::{items, set, set_text},
        read::{at, list, text},
        status,
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "ResourceClaim",
    plural: "resourceclaims",
    versions: &[Version::hub("resource.k8s.io", "v1", "io.k8s.api.resource.v1.ResourceClaim")],
    subresources: &[Subresource::STATUS],
    columns: &[Column::NAME, Column::text("State", state), Column::AGE],
    default: |claim| default(&mut claim["spec"]),
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate: |claim| devices("spec.devices", at(claim, &["spec", "devices"])),
    validate_update: |new, old| unchanged(new, old),
    ..Kind::NAMESPACED
};

pub static TEMPLATE: Kind = Kind {
    kind: "ResourceClaimTemplate",
    plural: "resourceclaimtemplates",
    versions: &[Version::hub("resource.k8s.io", "v1", "io.k8s.api.resource.v1.ResourceClaimTemplate")],
    default: |template| {
        if template["spec"]["spec"].is_object() {
            default(&mut template["spec"]["spec"]);
        }
    },
    validate: |template| devices("spec.spec.devices", at(template, &["spec", "spec", "devices"])),
    validate_update: |new, old| unchanged(new, old),
    ..Kind::NAMESPACED
};

fn state(claim: &Value) -> Value {
    let mut states = Vec::new();
    if !at(claim, &["metadata", "deletionTimestamp"]).is_null() {
        states.push("deleted");
    }
    if at(claim, &["status", "allocation"]).is_null() {
        if states.is_empty() {
            states.push("pending");
        }
    } else {
        states.push("allocated");
        states.push(if list(claim, &["status", "reservedFor"]).is_empty() { "" } else { "reserved" });
    }
    states.retain(|state| !state.is_empty());
    states.join(",").into()
}

fn default(spec: &mut Value) {
    if !at(spec, &["devices"]).is_object() {
        return;
    }
    let exact = |request: &mut Value| {
        set_text(request, "allocationMode", "ExactCount");
        if request["allocationMode"] == "ExactCount" {
            set(request, "count", 1);
        }
    };
    for request in items(&mut spec["devices"], "requests") {
        if at(request, &["exactly"]).is_object() {
            exact(&mut request["exactly"]);
        }
        items(request, "firstAvailable").for_each(exact);
    }
}

/// pkg/apis/resource/validation/validation.go
fn devices(path: &str, devices: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let requests = list(devices, &["requests"]);
    for (i, request) in requests.iter().enumerate() {
        let path = format!("{path}.requests[{i}]");
        let name = text(request, &["name"]);
        crate::kinds::checks::named(&mut errors, format!("{path}.name"), name, names::dns_label);
        if requests[..i].iter().any(|other| text(other, &["name"]) == name) {
            errors.push(Error::duplicate(format!("{path}.name"), name));
        }
        let exactly = at(request, &["exactly"]);
        match (exactly.is_null(), list(request, &["firstAvailable"]).is_empty()) {
            (true, true) => errors.push(Error::required(path, "exactly one of `exactly` or `firstAvailable` is required")),
            (false, false) => {
                let detail = "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set";
                errors.push(Error::invalid(path, "", detail));
            }
            (false, true) => {
                let class = text(exactly, &["deviceClassName"]);
                crate::kinds::checks::named(
                    &mut errors,
                    format!("{path}.exactly.deviceClassName"),
                    class,
                    names::dns_subdomain,
                );
            }
            (true, false) => {}
        }
    }
    errors
}

fn unchanged(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    immutable(&mut errors, "spec", at(new, &["spec"]), at(old, &["spec"]));
    errors
}
