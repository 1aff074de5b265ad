//! LimitRange: what a pod, a container or a claim may ask for in a namespace, and what it asks for when it says nothing.

use serde_json::{Map, Value};

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::members,
        default::items,
        read::{at, list, text},
    },
    names,
    quantity::Quantity,
};

pub static KIND: Kind = Kind {
    kind: "LimitRange",
    plural: "limitranges",
    short_names: &["limits"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.LimitRange")],
    columns: &[Column::NAME, Column::text("Created At", |object| at(object, &["metadata", "creationTimestamp"]).clone())],
    default,
    validate,
    ..Kind::NAMESPACED
};

const AMOUNTS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

/// `pkg/apis/core/v1/defaults.go`, `SetDefaults_LimitRangeItem`.
fn default(range: &mut Value) {
    for item in items(&mut range["spec"], "limits").filter(|item| item["type"] == "Container") {
        let amounts = |item: &Value, name: &str| item[name].as_object().cloned().unwrap_or_default();
        let fill = |mut into: Map<String, Value>, from: &Map<String, Value>| {
            for (name, amount) in from {
                into.entry(name.clone()).or_insert_with(|| amount.clone());
            }
            into
        };
        let limits = fill(amounts(item, "default"), &amounts(item, "max"));
        let requests = fill(fill(amounts(item, "defaultRequest"), &limits), &amounts(item, "min"));
        for (name, amounts) in [("default", limits), ("defaultRequest", requests)] {
            if !amounts.is_empty() {
                item[name] = amounts.into();
            }
        }
    }
}

/// `pkg/apis/core/validation/validation.go`, `ValidateLimitRange`.
fn validate(range: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let limits = list(range, &["spec", "limits"]);
    for (i, limit) in limits.iter().enumerate() {
        let path = format!("spec.limits[{i}]");
        let kind = text(limit, &["type"]);
        let wrong = names::qualified(kind);
        if wrong.is_empty() && !kind.contains('/') && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind) {
            let why = "must be a standard limit type or fully qualified";
            errors.push(Error::invalid(format!("{path}.type"), kind, why));
        }
        errors.extend(Error::each(&format!("{path}.type"), kind, wrong));
        if limits[..i].iter().any(|before| text(before, &["type"]) == kind) {
            errors.push(Error::duplicate(format!("{path}.type"), kind));
        }
        item(&mut errors, &path, kind, limit);
    }
    errors
}

fn item(errors: &mut Vec<Error>, path: &str, kind: &str, limit: &Value) {
    if kind == "Pod" {
        for name in ["default", "defaultRequest"] {
            if members(at(limit, &[name])).next().is_some() {
                errors.push(Error::forbidden(format!("{path}.{name}"), "may not be specified when `type` is 'Pod'"));
            }
        }
    }
    if kind == "PersistentVolumeClaim" {
        let none = |name: &str| at(limit, &[name, "storage"]).is_null();
        if none("min") && none("max") {
            let why = "either minimum or maximum storage value is required, but neither was provided";
            errors.push(Error::required(format!("{path}.limits"), why));
        }
    }
    let mut names: Vec<&String> =
        AMOUNTS.iter().flat_map(|name| members(at(limit, &[*name]))).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    for name in names {
        amounts(errors, path, name, limit);
    }
}

fn amounts(errors: &mut Vec<Error>, path: &str, name: &str, limit: &Value) {
    let amount = |which: &str| at(limit, &[which, name]).as_str().and_then(|text| Quantity::parse(text).ok());
    let [max, min, default, request, ratio] = AMOUNTS.map(amount);
    let mut order = |(low, low_name): (Option<Quantity>, &str),
                     (high, high_name): (Option<Quantity>, &str),
                     field: &str,
                     shown: Option<Quantity>| {
        let (Some(low), Some(high), Some(shown)) = (low, high, shown) else { return };
        if low > high {
            let why = format!("{low_name} value {low} is greater than {high_name} value {high}");
            errors.push(Error::invalid(format!("{path}.{field}[{name}]"), shown.to_string(), why));
        }
    };
    order((min, "min"), (max, "max"), "min", min);
    order((min, "min"), (request, "default request"), "defaultRequest", request);
    order((request, "default request"), (max, "max"), "defaultRequest", request);
    order((request, "default request"), (default, "default limit"), "defaultRequest", request);
    order((min, "min"), (default, "default"), "default", min);
    order((default, "default"), (max, "max"), "default", max);
    let Some(ratio) = ratio else { return };
    let mut refuse = |why: String| {
        errors.push(Error::invalid(format!("{path}.maxLimitRequestRatio[{name}]"), ratio.to_string(), why));
    };
    if ratio < Quantity::whole(1) {
        refuse(format!("ratio {ratio} is less than 1"));
    }
    if let (Some(min), Some(max)) = (min, max)
        && !min.is_zero()
        && ratio.milli() * min.milli() > max.milli() * 1000
    {
        let most = max.milli() as f64 / min.milli() as f64;
        refuse(format!("ratio {ratio} is greater than max/min = {most:.6}"));
    }
}
