//! DELETE of one object: preconditions, grace, finalizers.

use std::sync::Arc;

use api::{Draft, Key, Kind, Object, Revision, Status, field, kind::Deletion, status::Details};
use axum::body::Body;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Expect;

use super::{
    body, metadata, render,
    write::{self, ATTEMPTS},
};
use crate::{
    admission,
    app::{App, Call, Row},
    custom::convert,
    options::{DryRun, dry_run_error, invalid_options},
    response,
};

/// `metav1.DeleteOptions`, from the body or the query.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeleteOptions {
    grace: Option<i64>,
    expect: Expect,
    dependents: Option<Dependents>,
    dry_run: bool,
}

/// What becomes of the objects it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dependents {
    Background,
    Foreground,
    Orphan,
}

/// What a DELETE did.
pub(crate) enum Removed {
    Gone(Arc<Object>),
    /// Marked; somebody else has to let it go.
    Going(Arc<Object>),
}

pub(super) async fn delete(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let options = DeleteOptions::read(call, request).await?;
    options.warn(call, row);
    let key = row.key(&call.info);
    match remove(app, call, row, &key, &options).await? {
        Removed::Going(object) => {
            let object = convert::read(app, row, object).await?;
            render::object(call, row, StatusCode::OK, &object)
        }
        Removed::Gone(object) if row.kind.shows_deleted => render::object(call, row, StatusCode::OK, &object),
        Removed::Gone(object) => {
            let mut status = Status::failure(200, "", "");
            status.status = "Success".into();
            status.details = Some(Box::new(Details {
                name: key.name.to_string(),
                group: row.version.group.into(),
                kind: row.kind.plural.into(),
                uid: object.meta.uid.to_string(),
                ..Details::default()
            }));
            let mut answer = status.to_json();
            answer.as_object_mut().map(|fields| fields.remove("code"));
            call.reply(StatusCode::OK, &answer)
        }
    }
}

/// Deletes the object at `key`, or begins to. The one way for DELETE, collections and evictions.
pub(crate) async fn remove(app: &App, call: &Call, row: Row, key: &Key, options: &DeleteOptions) -> Result<Removed, Status> {
    let kind = row.kind;
    let mut failure = None;
    for _ in 0..ATTEMPTS {
        let Some(current) = app.store.get(kind, key) else { return Err(Status::not_found(kind, &key.name)) };
        write::meets(row, &current, &options.expect)?;
        let old = current.value();
        admission::delete(app, call, row, &old, options).await?;
        let expect = Expect { revision: Some(current.revision), uid: None };
        let step = plan(kind, old, options, metadata::now());
        if options.dry_run {
            return Ok(match step {
                Plan::Remove(_) => Removed::Gone(current),
                Plan::Mark(value) => Removed::Going(Arc::new(Draft::new(kind, value).commit(current.revision))),
                Plan::Nothing => Removed::Going(current),
            });
        }
        let done = match step {
            Plan::Nothing => return Ok(Removed::Going(current)),
            Plan::Mark(value) => app.store.update(kind, Draft::new(kind, value), expect).await.map(Removed::Going),
            Plan::Remove(last) => {
                app.store.delete(kind, key, expect, last.map(|last| Draft::new(kind, last))).await.map(Removed::Gone)
            }
        };
        match done {
            Err(error @ store::Error::Conflict { .. }) => failure = Some(error),
            other => return other.map_err(|error| response::refused(kind, &key.name, &error)),
        }
    }
    let error = failure.unwrap_or(store::Error::Conflict { key: key.clone(), current: Revision::default() });
    Err(response::refused(kind, &key.name, &error))
}

#[derive(Debug, PartialEq)]
enum Plan {
    /// Nothing holds it back. The last state to show, when it differs.
    Remove(Option<Value>),
    /// It stays, marked as deleted.
    Mark(Value),
    /// It is marked already.
    Nothing,
}

/// What a DELETE at `now` does to `old`.
fn plan(kind: &Kind, old: Value, options: &DeleteOptions, now: Timestamp) -> Plan {
    let mut value = old.clone();
    if let Some(dependents) = options.dependents.or(default_of(kind, &old)) {
        finalizers(&mut value, dependents);
    }
    let grace = match kind.deletion {
        Deletion::Graceful { grace } => match grace(&old) {
            0 => 0,
            own => options.grace.map_or(own, |asked| if asked < 0 { 1 } else { asked }),
        },
        Deletion::Immediate | Deletion::SpecFinalizers => 0,
    };
    let full = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    if value["metadata"]["deletionTimestamp"].is_null() {
        (kind.prepare_delete)(&mut value, now);
    }
    let held = full(&value["metadata"]["finalizers"])
        || (matches!(kind.deletion, Deletion::SpecFinalizers) && full(&value["spec"]["finalizers"]));
    if grace == 0 && !held {
        return Plan::Remove((value != old).then_some(value));
    }
    mark(kind, &mut value, grace, now);
    if value == old { Plan::Nothing } else { Plan::Mark(value) }
}

/// Writes the deletion into the metadata. A second DELETE can only make the time shorter.
fn mark(kind: &Kind, value: &mut Value, grace: i64, now: Timestamp) {
    let metadata = &mut value["metadata"];
    let before = metadata["deletionGracePeriodSeconds"].as_i64();
    let since = metadata["deletionTimestamp"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    let begun = match (since, before) {
        (Some(_), None) => return,
        (Some(_), Some(before)) if before <= grace => return,
        (Some(until), Some(before)) => until - SignedDuration::from_secs(before),
        (None, _) => {
            if let Some(generation) = metadata["generation"].as_i64() {
                metadata["generation"] = (generation + 1).into();
            }
            now
        }
    };
    metadata["deletionTimestamp"] = (begun + SignedDuration::from_secs(grace)).to_string().into();
    if matches!(kind.deletion, Deletion::SpecFinalizers) {
        value["status"]["phase"] = "Terminating".into();
    } else {
        metadata["deletionGracePeriodSeconds"] = grace.into();
    }
}

/// What the kind does when nobody says; a finalizer that is there says it too.
fn default_of(kind: &Kind, old: &Value) -> Option<Dependents> {
    let said = |finalizer: &Value| finalizer == "orphan" || finalizer == "foregroundDeletion";
    let said = old["metadata"]["finalizers"].as_array().is_some_and(|list| list.iter().any(said));
    (kind.orphans.is_some() && !said).then_some(Dependents::Orphan)
}

/// The garbage collector reads from the finalizers what to do with the dependents.
fn finalizers(value: &mut Value, dependents: Dependents) {
    let list = value["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let mut list: Vec<Value> = list.into_iter().filter(|f| f != "orphan" && f != "foregroundDeletion").collect();
    match dependents {
        Dependents::Background => {}
        Dependents::Foreground => list.push("foregroundDeletion".into()),
        Dependents::Orphan => list.push("orphan".into()),
    }
    match value["metadata"].as_object_mut() {
        Some(metadata) if list.is_empty() => drop(metadata.remove("finalizers")),
        Some(metadata) => drop(metadata.insert("finalizers".into(), list.into())),
        None => {}
    }
}

impl DeleteOptions {
    /// Whoever does not say what becomes of the dependents may be surprised.
    pub(super) fn warn(&self, call: &mut Call, row: Row) {
        if self.dependents.is_none() {
            call.warnings.extend(row.kind.orphans.map(str::to_owned));
        }
    }

    pub(crate) async fn read(call: &Call, request: Body) -> Result<Self, Status> {
        let bytes = body::read(request).await?;
        let mut options = if bytes.iter().all(u8::is_ascii_whitespace) {
            Self::of(&from_query(call)?)?
        } else {
            Self::of(&body::decode(call, "DeleteOptions", &bytes, &mut Vec::new())?)?
        };
        options.dry_run |= call.query.dry_run() == DryRun::All;
        Ok(options)
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// As admission shows them.
    pub(crate) fn to_json(&self) -> Value {
        let mut options = json!({ "kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1" });
        if let Some(grace) = self.grace {
            options["gracePeriodSeconds"] = grace.into();
        }
        if let Some(uid) = &self.expect.uid {
            options["preconditions"]["uid"] = (**uid).into();
        }
        if let Some(revision) = self.expect.revision {
            options["preconditions"]["resourceVersion"] = revision.to_string().into();
        }
        if let Some(dependents) = self.dependents {
            options["propagationPolicy"] = match dependents {
                Dependents::Background => "Background".into(),
                Dependents::Foreground => "Foreground".into(),
                Dependents::Orphan => "Orphan".into(),
            };
        }
        if self.dry_run {
            options["dryRun"] = json!(["All"]);
        }
        options
    }

    pub(crate) fn of(options: &Value) -> Result<Self, Status> {
        let conditions = &options["preconditions"];
        let revision = match conditions["resourceVersion"].as_str() {
            None | Some("") => None,
            Some(text) => Some(Revision(
                text.parse()
                    .map_err(|_| Status::bad_request(format!("invalid resourceVersion in preconditions: {text:?}")))?,
            )),
        };
        let (policy, orphan) = (options["propagationPolicy"].as_str(), options["orphanDependents"].as_bool());
        let mut errors = Vec::new();
        if let (Some(policy), Some(_)) = (policy, orphan) {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(field::Error::invalid("propagationPolicy", policy, why));
        }
        let dependents = match (policy, orphan) {
            (Some("Background"), _) | (None, Some(false)) => Some(Dependents::Background),
            (Some("Foreground"), _) => Some(Dependents::Foreground),
            (Some("Orphan"), _) | (None, Some(true)) => Some(Dependents::Orphan),
            (Some(other), _) => {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                errors.push(field::Error::not_supported("propagationPolicy", other, &known));
                None
            }
            (None, None) => None,
        };
        let runs: Vec<&str> = options["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if runs.iter().any(|run| *run != "All") {
            errors.push(dry_run_error(&runs));
        }
        if !errors.is_empty() {
            return Err(invalid_options("DeleteOptions", &errors));
        }
        Ok(Self {
            grace: options["gracePeriodSeconds"].as_i64(),
            expect: Expect { revision, uid: conditions["uid"].as_str().map(Into::into) },
            dependents,
            dry_run: !runs.is_empty(),
        })
    }
}

fn from_query(call: &Call) -> Result<Value, Status> {
    let runs: Vec<&str> = call.query.all("dryRun").filter(|run| !run.is_empty()).collect();
    let mut options = json!({ "gracePeriodSeconds": call.query.number("gracePeriodSeconds")?, "dryRun": runs });
    if !call.query.get("propagationPolicy").is_empty() {
        options["propagationPolicy"] = call.query.get("propagationPolicy").into();
    }
    if !call.query.get("orphanDependents").is_empty() {
        options["orphanDependents"] = call.query.flag("orphanDependents").into();
    }
    Ok(options)
}

#[cfg(test)]
mod tests;
