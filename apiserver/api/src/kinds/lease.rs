//! Lease: a heartbeat, or a lock among replicas.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::read::{at, text},
};

pub static KIND: Kind = Kind {
    kind: "Lease",
    plural: "leases",
    versions: &[Version::hub("coordination.k8s.io", "v1", "io.k8s.api.coordination.v1.Lease")],
    columns: &[Column::NAME, Column::text("Holder", |object| text(object, &["spec", "holderIdentity"]).into()), Column::AGE],
    validate,
    put_creates: true,
    put_blindly: false,
    ..Kind::NAMESPACED
};

fn validate(lease: &Value) -> Vec<Error> {
    let spec = at(lease, &["spec"]);
    let mut errors = Vec::new();
    if let Some(seconds) = at(spec, &["leaseDurationSeconds"]).as_i64().filter(|seconds| *seconds <= 0) {
        errors.push(Error::invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
    }
    if let Some(count) = at(spec, &["leaseTransitions"]).as_i64().filter(|count| *count < 0) {
        errors.push(Error::invalid("spec.leaseTransitions", count, "must be greater than or equal to 0"));
    }
    let strategy = text(spec, &["strategy"]);
    if strategy.is_empty() && !text(spec, &["preferredHolder"]).is_empty() {
        errors.push(Error::forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"));
    }
    errors
}
