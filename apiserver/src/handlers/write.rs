//! The way of a write: every step between the decoded body and the store, in order. Create, update, patch and the
//! subresources all come through here.

use std::sync::Arc;

use api::{
    Draft, Key, Object, Status, field,
    kind::{Allocator, Deletion, Generation},
    kinds::metadata as rules,
};
use serde_json::Value;
use store::Expect;

use super::{
    managed::{Author, Tracking},
    metadata,
    render::DRY_RUN,
};
use crate::{
    admission::{self, Attributes, Operation},
    app::{App, Call, Row},
    custom::convert,
    options::DryRun,
    response,
};

/// How often a write begins again from the current object before the client is told of the conflict.
pub(crate) const ATTEMPTS: usize = 5;

const AFTER: &str = " after mutating admission happens";

/// Why nothing comes into what is being emptied.
const TERMINATING: &str = "create not allowed while custom resource definition is terminating";

/// Which part of an object a write may change; the rest stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but `status`.
    Main,
    /// `status` and what metadata leaves open.
    Status,
    /// The server itself wrote the change, for a subresource: the kind's rules for clients do not apply.
    Server,
}

/// Why a write did not happen.
pub(crate) enum Failure {
    Refused(Status),
    /// Somebody was faster: the same write may succeed from the beginning.
    Raced(Status),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

impl Failure {
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Refused(status) | Self::Raced(status) => status,
        }
    }
}

/// Writes a new object. `value` is in `row`'s version, checked against the schema, and at its place.
pub(crate) async fn create(
    app: &App,
    call: &mut Call,
    row: Row,
    tracking: Tracking,
    mut value: Value,
) -> Result<Arc<Object>, Failure> {
    let kind = row.kind;
    let dry_run = call.query.dry_run();
    if kind.custom.is_some_and(|custom| custom.definition.terminating) {
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        return Err(Status::forbidden(kind, name, TERMINATING).into());
    }
    to_hub(row, &mut value);
    kind.default(&mut value);
    metadata::begin(kind, &mut value)?;
    call.warnings.extend(metadata::dedup_owners(&mut value, ""));
    let record = match tracking {
        Tracking::Update => Author::of(call).begin(row, &mut value),
        Tracking::Applied | Tracking::Off => None,
    };
    metadata::hold(kind, &mut value);
    let attributes = Attributes::new(app, call, row, Operation::Create);
    admission::mutate(&attributes, &mut value).await?;
    metadata::dedup_owners(&mut value, AFTER).into_iter().for_each(|warning| attributes.warn(warning));
    kind.default(&mut value);
    kind.prepare_create(&mut value);
    allocate(app, row, &mut value, None)?;
    let mut errors = rules::validate(kind, &value);
    errors.extend(kind.validate(&value));
    complain(row, &value, &errors)?;
    admission::validate(&attributes, &value).await?;
    call.warnings.extend((kind.warnings)(&value));

    if dry_run == DryRun::All {
        let draft = Draft::with_managed(kind, value, record.as_deref());
        return match app.store.get(kind, &draft.meta.key) {
            Some(_) => Err(Status::already_exists(kind, &draft.meta.key.name).into()),
            None => Ok(Arc::new(draft.commit(DRY_RUN))),
        };
    }
    let draft = Draft::with_managed(kind, convert::stored(app, row, value).await?, record.as_deref());
    let key = draft.meta.key.clone();
    let created = app.store.create(kind, draft).await.map_err(|error| failure(row, &key.name, &error))?;
    Ok(convert::read(app, row, created).await?)
}

/// Writes the next state of the object at `key`. `edit` makes it out of the stored one, both in the hub version; it is asked
/// again when somebody else was faster, unless the client insists on a revision. Its warnings are those of the last time.
pub(crate) async fn change(
    app: &App,
    call: &mut Call,
    row: Row,
    (key, part, tracking, expect): (&Key, Part, Tracking, &Expect),
    mut edit: impl FnMut(&Object, &Value, &mut Vec<String>) -> Result<Value, Status>,
) -> Result<Arc<Object>, Status> {
    let said = call.warnings.len();
    let mut last = None;
    for _ in 0..ATTEMPTS {
        call.warnings.truncate(said);
        let Some(current) = app.store.get(row.kind, key) else { return Err(Status::not_found(row.kind, &key.name)) };
        meets(row, &current, expect)?;
        let current = convert::read(app, row, current).await?;
        let old = current.value();
        let value = edit(&current, &old, &mut call.warnings)?;
        match update(app, call, row, (part, tracking), (&current, &old, value)).await {
            Ok(object) => return Ok(object),
            Err(Failure::Raced(status)) if expect.revision.is_none() => last = Some(status),
            Err(failure) => return Err(failure.status()),
        }
    }
    Err(last.unwrap_or_else(|| Status::modified(row.kind, &key.name)))
}

async fn update(
    app: &App,
    call: &mut Call,
    row: Row,
    (part, tracking): (Part, Tracking),
    (current, old, mut value): (&Arc<Object>, &Value, Value),
) -> Result<Arc<Object>, Failure> {
    let kind = row.kind;
    let dry_run = call.query.dry_run();
    metadata::carry(kind, &mut value, old)?;
    call.warnings.extend(metadata::dedup_owners(&mut value, ""));
    if part == Part::Status {
        value = with_status(old, value);
    }
    if part == Part::Main && kind.has_status() {
        keep(&mut value, old, "status");
    }
    kind.default(&mut value);
    if tracking == Tracking::Update {
        Author::of(call).track(row, Some(old), &mut value);
    }
    let attributes = Attributes { old: Some(old), ..Attributes::new(app, call, row, Operation::Update) };
    // A subresource with a body of its own was asked about before that became this change.
    let asked = attributes.has_own_body();
    if !asked {
        admission::mutate(&attributes, &mut value).await?;
        metadata::dedup_owners(&mut value, AFTER).into_iter().for_each(|warning| attributes.warn(warning));
    }
    let mut errors = Vec::new();
    if part == Part::Main {
        if kind.has_status() {
            keep(&mut value, old, "status");
        }
        kind.default(&mut value);
        (kind.prepare_update)(&mut value, old);
        allocate(app, row, &mut value, Some(old))?;
    }
    let grows = match kind.generation {
        Generation::Absent => false,
        Generation::Counted => specification_differs(&value, old),
        Generation::WithStatus => specification_differs(&value, old) || value.get("status") != old.get("status"),
    };
    if grows {
        value["metadata"]["generation"] = (old["metadata"]["generation"].as_i64().unwrap_or(0) + 1).into();
    }
    if api::managed::same_but_for_times(&value, old) {
        return Ok(current.clone());
    }
    errors.extend(rules::validate(kind, &value));
    if part != Part::Server {
        errors.extend(rules::validate_update(&value, old));
    }
    match part {
        Part::Main => {
            errors.extend(kind.validate_change(&value, old));
        }
        Part::Status => errors.extend(kind.validate_status(&value, old)),
        Part::Server => {}
    }
    complain(row, &value, &errors)?;
    if !asked {
        admission::validate(&attributes, &value).await?;
    }
    if part == Part::Main {
        call.warnings.extend((kind.warnings)(&value));
    }

    let gone = ends_with(row, &value);
    if dry_run == DryRun::All {
        return Ok(Arc::new(Draft::new(kind, value).commit(current.revision)));
    }
    let draft = Draft::new(kind, convert::stored(app, row, value).await?);
    let key = draft.meta.key.clone();
    let expect = Expect { revision: Some(current.revision), uid: None };
    let written = match gone {
        true => app.store.delete(kind, &key, expect, Some(draft)).await,
        false => app.store.update(kind, draft, expect).await,
    };
    let written = written.map_err(|error| failure(row, &key.name, &error))?;
    Ok(convert::read(app, row, written).await?)
}

/// Makes the hub's version out of `row`'s.
pub(crate) fn to_hub(row: Row, value: &mut Value) {
    if !row.is_hub() {
        (row.version.to_hub)(value);
        value["apiVersion"] = row.kind.hub().api_version().into();
    }
}

/// The preconditions of a client that named a revision or uid.
pub(crate) fn meets(row: Row, current: &Object, expect: &Expect) -> Result<(), Status> {
    let name = &current.key().name;
    if let Some(uid) = expect.uid.as_ref().filter(|uid| **uid != current.meta.uid) {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", current.meta.uid);
        return Err(Status::conflict(row.kind, name, &why));
    }
    if expect.revision.is_some_and(|revision| revision != current.revision) {
        return Err(Status::modified(row.kind, name));
    }
    Ok(())
}

/// The object's last change was the one that everybody waited for: nothing holds it back from being deleted.
fn ends_with(row: Row, value: &Value) -> bool {
    let metadata = &value["metadata"];
    let none = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    !metadata["deletionTimestamp"].is_null()
        && none(&metadata["finalizers"])
        && metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
        && (!matches!(row.kind.deletion, Deletion::SpecFinalizers) || none(&value["spec"]["finalizers"]))
}

/// The old object with the new status, and the metadata that a status writer may touch.
fn with_status(old: &Value, mut value: Value) -> Value {
    let mut next = old.clone();
    next["metadata"] = value["metadata"].take();
    match value.get_mut("status") {
        Some(status) => next["status"] = status.take(),
        None => drop(next.as_object_mut().map(|fields| fields.remove("status"))),
    }
    next
}

fn keep(value: &mut Value, old: &Value, name: &str) {
    let Some(fields) = value.as_object_mut() else { return };
    match old.get(name) {
        Some(kept) => drop(fields.insert(name.to_owned(), kept.clone())),
        None => drop(fields.remove(name)),
    }
}

fn specification_differs(value: &Value, old: &Value) -> bool {
    let (Some(value), Some(old)) = (value.as_object(), old.as_object()) else { return true };
    let ours = |name: &str| matches!(name, "metadata" | "status" | "kind" | "apiVersion");
    let same = |(name, field): (&String, &Value)| ours(name) || old.get(name) == Some(field);
    !value.iter().all(same) || old.keys().any(|name| !ours(name) && !value.contains_key(name))
}

fn allocate(app: &App, row: Row, value: &mut Value, old: Option<&Value>) -> Result<(), Failure> {
    let taken = |claim: &str| app.store.claimed(claim);
    let allocator =
        Allocator { taken: &taken, service_network: app.config.service_network, node_ports: app.config.node_ports.clone() };
    (row.kind.allocate)(value, old, &allocator).map_err(|error| {
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        Failure::Refused(Status::invalid(row.kind, name, &[error]))
    })
}

fn complain(row: Row, value: &Value, errors: &[field::Error]) -> Result<(), Failure> {
    if errors.is_empty() {
        return Ok(());
    }
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    Err(Failure::Refused(Status::invalid(row.kind, name, errors)))
}

fn failure(row: Row, name: &str, error: &store::Error) -> Failure {
    let status = response::refused(row.kind, name, error);
    match error {
        store::Error::Conflict { .. } | store::Error::Claimed { .. } | store::Error::AlreadyExists { .. } => {
            Failure::Raced(status)
        }
        _ => Failure::Refused(status),
    }
}
