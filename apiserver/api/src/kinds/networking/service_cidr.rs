//! ServiceCIDR: a network that Services get their addresses from.

use serde_json::Value;

use super::network_policy::{NOT_A_CIDR, parse};
use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::immutable,
        read::{at, list},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "ServiceCIDR",
    plural: "servicecidrs",
    versions: &[Version::hub("networking.k8s.io", "v1", "io.k8s.api.networking.v1.ServiceCIDR")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("CIDRs", |cidr| {
            let cidrs = list(cidr, &["spec", "cidrs"]).iter().filter_map(Value::as_str);
            cidrs.collect::<Vec<_>>().join(",").into()
        }),
        Column::AGE,
    ],
    generation: Generation::Counted,
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate: |cidr| {
        let mut errors = Vec::new();
        let cidrs = list(cidr, &["spec", "cidrs"]);
        if cidrs.is_empty() {
            errors.push(Error::required("spec.cidrs", "at least one CIDR required"));
        }
        if cidrs.len() > 2 {
            let detail = "may only hold up to 2 values";
            errors.push(Error::invalid("spec", at(cidr, &["spec"]).clone(), detail));
        }
        for (i, text) in cidrs.iter().filter_map(Value::as_str).enumerate().filter(|(_, text)| parse(text).is_none()) {
            errors.push(Error::invalid(format!("spec.cidrs[{i}]"), text, NOT_A_CIDR));
        }
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        let cidrs = ["spec", "cidrs"];
        immutable(&mut errors, "spec.cidrs", at(new, &cidrs), at(old, &cidrs));
        errors
    },
    ..Kind::CLUSTER
};
