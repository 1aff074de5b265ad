//! APIService: who serves the version of a group.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        default::set,
        read::{at, integer, list, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "APIService",
    plural: "apiservices",
    categories: &["api-extensions"],
    versions: &[Version::hub(
        "apiregistration.k8s.io",
        "v1",
        "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
    )],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Service", |service| match at(service, &["spec", "service"]) {
            Value::Null => "Local".into(),
            reference => format!("{}/{}", text(reference, &["namespace"]), text(reference, &["name"])).into(),
        }),
        Column::text("Available", |service| {
            let conditions = list(service, &["status", "conditions"]).iter();
            let available = conditions.into_iter().find(|condition| condition["type"] == "Available");
            available.map_or_else(
                || "Unknown".into(),
                |condition| match (text(condition, &["status"]), text(condition, &["reason"])) {
                    ("True", _) => "True".into(),
                    (status, reason) => format!("{status} ({reason})").into(),
                },
            )
        }),
        Column::AGE,
    ],
    default: |service| {
        if at(service, &["spec", "service"]).is_object() {
            set(&mut service["spec"]["service"], "port", 443);
        }
    },
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate,
    ..Kind::CLUSTER
};

/// kube-aggregator's pkg/apis/apiregistration/validation/validation.go
fn validate(service: &Value) -> Vec<Error> {
    let spec = at(service, &["spec"]);
    let mut errors = Vec::new();
    let (group, version, name) = (text(spec, &["group"]), text(spec, &["version"]), text(service, &["metadata", "name"]));
    let wanted = format!("{version}.{group}");
    if name != wanted {
        errors.push(Error::invalid("metadata.name", name, format!("must be `spec.version+\".\"+spec.group`: \"{wanted}\"")));
    }
    if !group.is_empty() {
        errors.extend(Error::each("spec.group", group, crate::names::dns_subdomain(group)));
    }
    errors.extend(Error::each("spec.version", version, crate::names::dns_label_1035(version)));
    for (field, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)] {
        let number = integer(spec, &[field]);
        if number <= 0 || number > most {
            let detail = if field == "groupPriorityMinimum" {
                "must be positive and less than 20000"
            } else {
                "must be positive and less than 1000"
            };
            errors.push(Error::invalid(format!("spec.{field}"), number, detail));
        }
    }
    let reference = at(spec, &["service"]);
    if reference.is_null() {
        if !text(spec, &["caBundle"]).is_empty() {
            errors.push(Error::invalid(
                "spec.caBundle",
                format!("{} bytes", text(spec, &["caBundle"]).len()),
                "local APIServices may not have a caBundle",
            ));
        }
        if at(spec, &["insecureSkipTLSVerify"]) == true {
            errors.push(Error::invalid(
                "spec.insecureSkipTLSVerify",
                true,
                "local APIServices may not have insecureSkipTLSVerify",
            ));
        }
        return errors;
    }
    for field in ["namespace", "name"].iter().filter(|field| text(reference, &[field]).is_empty()) {
        errors.push(Error::required(format!("spec.service.{field}"), ""));
    }
    if at(spec, &["insecureSkipTLSVerify"]) == true && !text(spec, &["caBundle"]).is_empty() {
        errors.push(Error::invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present"));
    }
    errors
}
