//! PriorityClass: how important a pod is.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::{
        checks::{immutable, one_of},
        default::set,
        read::{at, text},
    },
};

pub static KIND: Kind = Kind {
    kind: "PriorityClass",
    plural: "priorityclasses",
    short_names: &["pc"],
    versions: &[Version::hub("scheduling.k8s.io", "v1", "io.k8s.api.scheduling.v1.PriorityClass")],
    columns: &[
        Column::NAME,
        Column::text("Value", |object| at(object, &["value"]).clone()).integer(),
        Column::text("Global-Default", |object| at(object, &["globalDefault"]).as_bool().unwrap_or(false).into()),
        Column::AGE,
        Column::text("PreemptionPolicy", |object| text(object, &["preemptionPolicy"]).into()),
    ],
    generation: Generation::Counted,
    default: |class| {
        set(class, "preemptionPolicy", "PreemptLowerPriority");
        set(class, "value", 0);
    },
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        if at(new, &["value"]) != at(old, &["value"]) {
            errors.push(Error::forbidden("value", "may not be changed in an update."));
        }
        immutable(&mut errors, "preemptionPolicy", at(new, &["preemptionPolicy"]), at(old, &["preemptionPolicy"]));
        errors
    },
    ..Kind::CLUSTER
};

/// The most a user may give.
pub const HIGHEST: i64 = 1_000_000_000;
/// The classes of the system: name, value, description.
pub const SYSTEM: [(&str, i64, &str); 2] = [
    (
        "system-node-critical",
        2 * HIGHEST + 1000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2 * HIGHEST,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
];

/// `pkg/apis/scheduling/validation/validation.go`.
fn validate(class: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let (name, value) = (text(class, &["metadata", "name"]), at(class, &["value"]).as_i64().unwrap_or_default());
    if name.starts_with("system-") {
        let known = SYSTEM.iter().find(|(system, ..)| *system == name);
        let default = at(class, &["globalDefault"]) == true;
        let why = match known {
            None => Some("only system classes are allowed to use `system-` prefix.".to_owned()),
            Some((_, wanted, _)) if *wanted != value => Some(format!("value of {name} PriorityClass must be {wanted}")),
            Some(_) if default => Some(format!("globalDefault of {name} PriorityClass must be false")),
            Some(_) => None,
        };
        if let Some(why) = why {
            let rule = "priority class names with 'system-' prefix are reserved for system use only. error: ";
            errors.push(Error::forbidden("metadata.name", format!("{rule}{why}")));
        }
    } else if value > HIGHEST {
        errors.push(Error::forbidden("value", format!("maximum allowed value of a user defined priority is {HIGHEST}")));
    }
    let policy = text(class, &["preemptionPolicy"]);
    one_of(&mut errors, "preemptionPolicy".to_owned(), policy, &["Never", "PreemptLowerPriority"]);
    errors
}
