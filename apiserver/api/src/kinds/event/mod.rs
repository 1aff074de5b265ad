//! Event: what happened to an object. One storage, two forms: `core/v1` and `events.k8s.io/v1`.

/// What `kubectl get events` shows.
mod columns;
/// The two forms.
mod convert;
/// Every complaint.
mod validate;

use serde_json::Value;

use crate::{
    kind::{Field, Kind, Version},
    kinds::read::text,
};

const CORE: Version = Version::hub("", "v1", "io.k8s.api.core.v1.Event");

pub static KIND: Kind = Kind {
    kind: "Event",
    plural: "events",
    short_names: &["ev"],
    versions: &[
        CORE,
        Version {
            to_hub: convert::to_core,
            from_hub: convert::from_core,
            field_labels: FIELD_LABELS,
            ..Version::hub("events.k8s.io", "v1", "io.k8s.api.events.v1.Event")
        },
    ],
    columns: columns::COLUMNS,
    fields: FIELDS,
    validate: validate::validate,
    put_creates: true,
    ..Kind::NAMESPACED
};

static FIELDS: &[Field] = &[
    Field { path: "involvedObject.kind", value: |event| text(event, &["involvedObject", "kind"]).to_owned() },
    Field { path: "involvedObject.namespace", value: |event| text(event, &["involvedObject", "namespace"]).to_owned() },
    Field { path: "involvedObject.name", value: |event| text(event, &["involvedObject", "name"]).to_owned() },
    Field { path: "involvedObject.uid", value: |event| text(event, &["involvedObject", "uid"]).to_owned() },
    Field { path: "involvedObject.apiVersion", value: |event| text(event, &["involvedObject", "apiVersion"]).to_owned() },
    Field {
        path: "involvedObject.resourceVersion",
        value: |event| text(event, &["involvedObject", "resourceVersion"]).to_owned(),
    },
    Field { path: "involvedObject.fieldPath", value: |event| text(event, &["involvedObject", "fieldPath"]).to_owned() },
    Field { path: "reason", value: |event| text(event, &["reason"]).to_owned() },
    Field { path: "reportingComponent", value: |event| text(event, &["reportingComponent"]).to_owned() },
    Field { path: "source", value: source },
    Field { path: "type", value: |event| text(event, &["type"]).to_owned() },
];

static FIELD_LABELS: &[(&str, &str)] = &[
    ("regarding.kind", "involvedObject.kind"),
    ("regarding.namespace", "involvedObject.namespace"),
    ("regarding.name", "involvedObject.name"),
    ("regarding.uid", "involvedObject.uid"),
    ("regarding.apiVersion", "involvedObject.apiVersion"),
    ("regarding.resourceVersion", "involvedObject.resourceVersion"),
    ("regarding.fieldPath", "involvedObject.fieldPath"),
    ("reportingController", "reportingComponent"),
    ("reason", "reason"),
    ("type", "type"),
];

/// Who reported it: the old field, or the new one where the old is empty.
fn source(event: &Value) -> String {
    match text(event, &["source", "component"]) {
        "" => text(event, &["reportingComponent"]).to_owned(),
        component => component.to_owned(),
    }
}
