//! In whose name a write is made, and the versions in which a kind is seen, for the records of who owns which field.

use api::{
    Status, fields,
    managed::{self, Request, Schema, Versions},
};
use http::header::USER_AGENT;
use serde_json::Value;

use super::{metadata, write};
use crate::app::{Call, Row};

/// Upstream's limit for a manager's name.
pub(crate) const LONGEST: usize = 128;

/// How a write gets its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// By comparing the old state with the new one.
    Update,
    /// They are in the new state already: it is the result of a server-side apply.
    Applied,
    /// It has none: the server writes on its own account.
    Off,
}

/// Whether everything in it can be seen; Go's rule, near enough.
pub(crate) fn is_printable(letter: char) -> bool {
    !letter.is_control() && (letter == ' ' || !letter.is_whitespace())
}

/// Who makes a write, and of what.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    manager: String,
    subresource: String,
    force: bool,
}

impl Author {
    /// `fieldManager`, or what the client calls itself.
    pub(crate) fn of(call: &Call) -> Self {
        let said = call.query.get("fieldManager");
        let manager = if said.is_empty() { agent(call) } else { said.to_owned() };
        Self { manager, subresource: call.info.subresource.clone(), force: call.query.flag("force") }
    }

    /// Records a create of `new`, which is in the hub version. Text is the record itself, else `new` has it.
    pub(crate) fn begin(&self, row: Row, new: &mut Value) -> Option<String> {
        if row.is_hub() {
            return self.ask(row, |request| managed::create(request, &row, new));
        }
        self.track(row, None, new);
        None
    }

    /// Records what a write of `new`, which is in the hub version, does to `old`; no `old`: it is created.
    pub(crate) fn track(&self, row: Row, old: Option<&Value>, new: &mut Value) {
        if row.is_hub() {
            return self.ask(row, |request| managed::update(request, &row, old, new));
        }
        let (hub, own) = (row.kind.hub().api_version(), row.version.api_version());
        let old = old.and_then(|old| row.convert(old, &hub, &own));
        let Some(mut seen) = row.convert(new, &hub, &own) else { return };
        self.ask(row, |request| managed::update(request, &row, old.as_ref(), &mut seen));
        take_over(new, &mut seen);
    }

    /// The object that a server-side apply of `config` makes of `live`, both in `row`'s version.
    pub(crate) fn apply(&self, row: Row, live: Option<&Value>, config: &Value) -> Result<Value, Status> {
        self.ask(row, |request| managed::apply(request, &row, live, config, self.force))
    }

    fn ask<T>(&self, row: Row, act: impl FnOnce(&Request<'_>) -> T) -> T {
        let (api_version, now) = (row.version.api_version(), metadata::now().to_string());
        let subresource = self.subresource.as_str();
        let ignored: &[&str] = match subresource {
            "" if row.kind.has_status() => &["status"],
            "status" => &["spec"],
            _ => &[],
        };
        act(&Request { manager: &self.manager, api_version: &api_version, subresource, now: &now, ignored })
    }
}

/// Gives `object` the records of `other`.
pub(crate) fn take_over(object: &mut Value, other: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    match other["metadata"].get_mut("managedFields").map(Value::take) {
        Some(entries) => drop(metadata.insert("managedFields".into(), entries)),
        None => drop(metadata.remove("managedFields")),
    }
}

/// The client's name in `User-Agent`.
fn agent(call: &Call) -> String {
    let agent = call.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let mut name = String::new();
    for letter in agent.split('/').next().unwrap_or_default().chars().filter(|letter| is_printable(*letter)) {
        if name.len() + letter.len_utf8() > LONGEST {
            break;
        }
        name.push(letter);
    }
    if name.is_empty() { "unknown".to_owned() } else { name }
}

impl Row {
    fn at(&self, api_version: &str) -> Option<Self> {
        let siblings = self.kind.custom.map_or(std::slice::from_ref(self.kind), |custom| custom.definition.rows());
        siblings.iter().find_map(|kind| {
            let version = kind.versions.iter().find(|version| version.api_version() == api_version)?;
            Some(Self { kind, version })
        })
    }
}

impl Versions for Row {
    fn schema(&self, api_version: &str) -> Option<Schema> {
        let row = if self.version.api_version() == api_version { *self } else { self.at(api_version)? };
        Some(row.schema().map_or(Schema::Unknown, Schema::Type))
    }

    fn convert(&self, value: &Value, from: &str, to: &str) -> Option<Value> {
        let mut value = value.clone();
        if from == to {
            return Some(value);
        }
        let (from, to) = (self.at(from)?, self.at(to)?);
        if to.kind.custom.is_some() {
            // what a webhook would make of it is not asked for the sake of records
            value["apiVersion"] = to.version.api_version().into();
            return Some(value);
        }
        write::to_hub(from, &mut value);
        if !to.is_hub() {
            (to.version.from_hub)(&mut value);
            value["apiVersion"] = to.version.api_version().into();
        }
        Some(value)
    }

    fn conform(&self, api_version: &str, value: &mut Value) -> Result<(), Status> {
        if let Some(custom) = self.at(api_version).and_then(|row| row.kind.custom) {
            custom.conform(value);
            return Ok(());
        }
        match self.at(api_version).and_then(Self::schema) {
            Some(schema) => fields::conform(schema, value).map(|_| ()).map_err(|why| fields::refusal(schema, &why)),
            None => Ok(()),
        }
    }
}
