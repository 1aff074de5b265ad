//! Server-side apply: what a manager says is merged in, what it said before and says no longer is taken out, and what
//! others own it does not touch, unless it is told to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Request, Versions,
    atom::Schema,
    check,
    compare::UNOWNED,
    entry::{self, Entry, Operation},
    merge, owned, prune,
    set::Set,
    step, update,
};
use crate::{
    Status,
    status::{Cause, Details},
};

/// Who owns what was there when the first manager applied to an object without entries.
const BEFORE: &str = "before-first-apply";
const KUBECTL: &str = "kubectl";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A field of another manager that the configuration would change.
struct Conflict {
    manager: String,
    path: String,
}

/// The object after `config` was applied to `live` (nothing: it is created), in the request's version and with its
/// `managedFields`.
///
/// # Errors
/// 409 with every conflict, 400 for entries in the configuration, 500 (upstream's code) for one that does not fit the schema.
pub(super) fn apply(
    request: &Request<'_>,
    versions: &dyn Versions,
    live: Option<&Value>,
    config: &Value,
    force: bool,
) -> Result<Value, Status> {
    if !config["metadata"]["managedFields"].is_null() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let schema = versions.schema(request.api_version).unwrap_or(Schema::Unknown);
    let named = || name_of(config);
    check::check(schema, config)
        .map_err(|why| failed(format!("failed to create typed patch object ({}): {why}", named())))?;

    let mut base = live.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let entries = match live {
        Some(live) => entries_of(request, versions, live)?,
        None => Vec::new(),
    };
    entry::take(&mut base);
    let job = Job { request, versions, schema, base, config };
    let mut conflicts = match job.run(entries.clone(), force)? {
        Ok(value) => return Ok(job.finish(value)),
        Err(conflicts) => conflicts,
    };
    // kubectl may take over what it applied by itself before
    if let Some(allowed) = job.applied_before() {
        conflicts.retain(|conflict| !allowed.contains(&conflict.path));
    }
    if conflicts.is_empty()
        && let Ok(value) = job.run(entries, true)?
    {
        return Ok(job.finish(value));
    }
    Err(conflict(&conflicts))
}

/// The live object's entries; where there are none, one for all that is there.
fn entries_of(request: &Request<'_>, versions: &dyn Versions, live: &Value) -> Result<Vec<Entry>, Status> {
    let decode =
        |list: &Value| entry::decode(list.clone()).map_err(|why| failed(format!("failed to decode managed fields: {why}")));
    let entries = decode(&live["metadata"]["managedFields"])?;
    if !entries.is_empty() {
        return Ok(entries);
    }
    let mut whole = live.clone();
    update::update(&Request { manager: BEFORE, ..*request }, versions, None, &mut whole);
    decode(&whole["metadata"]["managedFields"])
}

struct Job<'a> {
    request: &'a Request<'a>,
    versions: &'a dyn Versions,
    schema: Schema,
    base: Value,
    config: &'a Value,
}

impl Job<'_> {
    /// The new object, or the conflicts.
    fn run(&self, mut entries: Vec<Entry>, force: bool) -> Result<Result<Value, Vec<Conflict>>, Status> {
        let (request, versions, schema) = (self.request, self.versions, self.schema);
        let merged =
            merge::merge(schema, &self.base, self.config).map_err(|why| failed(format!("failed to merge config: {why}")))?;
        let mut own = request.entry(Operation::Apply);
        own.fields = owned::fields(schema, self.config);
        for ignored in request.ignored {
            own.fields.children.remove(&step::field(ignored));
        }
        let last = entries.iter().position(|entry| entry.is_same(&own)).map(|at| entries.remove(at));

        entries.push(own);
        let mut new = prune::prune(versions, request.api_version, merged, &entries, last.as_ref());
        let own = entries.pop();
        versions.conform(request.api_version, &mut new)?;

        let mut others = update::Others { request, versions, states: (&self.base, &new), seen: BTreeMap::new() };
        let mut conflicts = Vec::new();
        entries.retain_mut(|entry| {
            let Some(changes) = others.changes(&entry.api_version) else { return false };
            let taken = entry.fields.intersection(&changes.taken);
            let manager = entry.shown();
            conflicts.extend(taken.paths().into_iter().map(|path| Conflict { manager: manager.clone(), path }));
            entry.fields.subtract(&taken);
            entry.fields.subtract(&changes.removed);
            !entry.fields.is_empty()
        });
        if !conflicts.is_empty() && !force {
            return Ok(Err(conflicts));
        }
        let changed = new != self.base;
        if let Some(mut own) = own {
            own.fields.subtract(&unowned());
            own.time = if changed { Some(request.now.to_owned()) } else { last.and_then(|last| last.time) };
            if !own.fields.is_empty() {
                entries.push(own);
            }
        }
        entry::put(&mut new, entry::encode(entries));
        Ok(Ok(new))
    }

    /// The fields that kubectl's own annotation says it applied, and that nobody changed since.
    fn applied_before(&self) -> Option<Vec<String>> {
        if self.request.manager != KUBECTL {
            return None;
        }
        let text = self.base["metadata"]["annotations"][LAST_APPLIED].as_str()?;
        let mut last: Value = serde_json::from_str(text).ok()?;
        let version = last["apiVersion"].as_str()?.to_owned();
        let schema = self.versions.schema(&version)?;
        let live = self.versions.convert(&self.base, self.request.api_version, &version)?;
        self.versions.conform(&version, &mut last).ok()?;
        let mut fields = owned::fields(schema, &last);
        let changes = super::compare::objects(schema, &last, &live, &[]).ok()?;
        fields.subtract(&changes.taken);
        fields.subtract(&changes.removed);
        Some(fields.paths())
    }

    /// Keeps kubectl's annotation up to date, where there is one.
    fn finish(&self, mut object: Value) -> Value {
        let annotations = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
        let annotation = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED));
        if let (KUBECTL, Some(annotation)) = (self.request.manager, annotation) {
            let mut config = self.config.clone();
            let own = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
            own.map(|annotations| annotations.remove(LAST_APPLIED));
            *annotation = format!("{config}\n").into();
        }
        object
    }
}

/// What the server alone says, and nobody owns.
fn unowned() -> Set {
    let mut all = Set::path(&["apiVersion"]);
    for path in [vec!["kind"], vec!["metadata"]] {
        all.union(&Set::path(&path));
    }
    for name in UNOWNED {
        all.union(&Set::path(&["metadata", name]));
    }
    all
}

/// Upstream gives these no reason and takes them for its own fault.
fn failed(message: String) -> Status {
    Status::failure(500, "", message)
}

fn name_of(config: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &config["metadata"];
    let api_version = text(&config["apiVersion"]);
    let group_version = if api_version.contains('/') { api_version } else { format!("/{api_version}") };
    format!("{}/{}; {group_version}, Kind={}", text(&metadata["namespace"]), text(&metadata["name"]), text(&config["kind"]))
}

fn conflict(conflicts: &[Conflict]) -> Status {
    let message = match conflicts {
        [one] => format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path),
        many => {
            let mut by_manager: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for conflict in many {
                by_manager.entry(&conflict.manager).or_default().push(&conflict.path);
            }
            let lines = by_manager.iter().flat_map(|(manager, paths)| {
                let paths = paths.iter().map(|path| format!("- {path}"));
                std::iter::once(format!("conflicts with {manager}:")).chain(paths)
            });
            format!("Apply failed with {} conflicts: {}", many.len(), lines.collect::<Vec<_>>().join("\n"))
        }
    };
    let causes = conflicts.iter().map(|conflict| Cause {
        reason: "FieldManagerConflict".into(),
        message: format!("conflict with {}", conflict.manager),
        field: conflict.path.clone(),
    });
    let details = Details { causes: causes.collect(), ..Details::default() };
    Status { details: Some(Box::new(details)), ..Status::failure(409, "Conflict", message) }
}
