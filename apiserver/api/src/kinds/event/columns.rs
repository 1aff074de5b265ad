//! What `kubectl get events` shows.

use serde_json::Value;

use crate::{
    kind::Column,
    kinds::{
        columns::age,
        read::{at, integer, text},
    },
};

pub(super) static COLUMNS: &[Column] = &[
    Column::text("Last Seen", last_seen),
    Column::text("Type", |event| text(event, &["type"]).into()),
    Column::text("Reason", |event| text(event, &["reason"]).into()),
    Column::text("Object", object),
    Column::text("Subobject", |event| text(event, &["involvedObject", "fieldPath"]).into()).wide(),
    Column::text("Source", source).wide(),
    Column::text("Message", |event| text(event, &["message"]).trim().into()),
    Column::text("First Seen", first_seen).wide(),
    Column::text("Count", count).wide(),
    Column::NAME.wide(),
];

fn last_seen(event: &Value) -> Value {
    match (at(event, &["series"]), at(event, &["lastTimestamp"])) {
        (Value::Null, Value::Null) => first_seen(event),
        (Value::Null, last) => age(last),
        (series, _) => age(at(series, &["lastObservedTime"])),
    }
}

fn first_seen(event: &Value) -> Value {
    match at(event, &["firstTimestamp"]) {
        Value::Null => age(at(event, &["eventTime"])),
        first => age(first),
    }
}

fn object(event: &Value) -> Value {
    let kind = text(event, &["involvedObject", "kind"]).to_lowercase();
    match text(event, &["involvedObject", "name"]) {
        "" => kind.into(),
        name => format!("{kind}/{name}").into(),
    }
}

/// The reporter, in the older fields or the newer ones, and its machine.
fn source(event: &Value) -> Value {
    let either = |old: &[&str], new: &str| match text(event, old) {
        "" => text(event, &[new]).to_owned(),
        old => old.to_owned(),
    };
    let component = either(&["source", "component"], "reportingComponent");
    match either(&["source", "host"], "reportingInstance").as_str() {
        "" => component.into(),
        host => format!("{component}, {host}").into(),
    }
}

fn count(event: &Value) -> Value {
    if !at(event, &["series"]).is_null() {
        return integer(event, &["series", "count"]).into();
    }
    integer(event, &["count"]).max(1).into()
}
