//! ControllerRevision: one state of a workload's template, kept for a rollback.

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        columns::or_none,
        read::{at, integer, list, text},
    },
};

pub static KIND: Kind = Kind {
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    versions: &[Version::hub("apps", "v1", "io.k8s.api.apps.v1.ControllerRevision")],
    columns: &[
        Column::NAME,
        Column::text("Controller", |revision| {
            let owners = list(revision, &["metadata", "ownerReferences"]).iter();
            let owner = owners.into_iter().find(|owner| owner["controller"] == true);
            or_none(owner.map_or_else(String::new, |owner| {
                let kind = text(owner, &["kind"]).to_lowercase();
                let group = text(owner, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
                let dot = if group.is_empty() { "" } else { "." };
                format!("{kind}{dot}{group}/{}", text(owner, &["name"]))
            }))
        }),
        Column::text("Revision", |revision| integer(revision, &["revision"]).into()).integer(),
        Column::AGE,
    ],
    validate: |revision| {
        let mut errors = Vec::new();
        if at(revision, &["data"]).is_null() {
            errors.push(Error::required("data", "data is mandatory"));
        }
        crate::kinds::checks::not_negative(&mut errors, "revision", at(revision, &["revision"]));
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        crate::kinds::checks::immutable(&mut errors, "data", at(new, &["data"]), at(old, &["data"]));
        errors
    },
    ..Kind::NAMESPACED
};
