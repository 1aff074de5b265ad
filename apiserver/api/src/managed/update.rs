//! Ownership after a create, update or patch: who changed a field owns it, and nobody else does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Request, Versions,
    compare::{self, Changes},
    entry::{self, Entry, Operation},
};

/// As many Update entries as an object keeps; older ones are put together.
const MOST_UPDATES: usize = 10;
const ANCIENT: &str = "ancient-changes";

/// Writes `metadata.managedFields` of `new`, which becomes of `live` by the request; no `live` is a create. Whatever is
/// wrong with the fields that a client wrote there, the write goes on.
pub(super) fn update(request: &Request<'_>, versions: &dyn Versions, live: Option<&Value>, new: &mut Value) {
    let given = entry::take(new);
    let entries = starting_point(request, live, given);
    if entries.as_array().is_none_or(Vec::is_empty) && live.is_some() {
        // Nobody tracked this object so far, or somebody asked for it not to be.
        return;
    }
    let zero;
    let old = match live {
        Some(live) => live,
        None => {
            zero = versions.zero(request.api_version);
            &zero
        }
    };
    let entries = next(request, versions, (old, new), entries);
    entry::put(new, entries);
}

/// The entries that the request starts from: those it brings, if they are good, else those of the live object.
fn starting_point(request: &Request<'_>, live: Option<&Value>, given: Value) -> Value {
    let kept = || live.map(|live| live["metadata"]["managedFields"].clone()).unwrap_or_default();
    if !request.subresource.is_empty() {
        return kept();
    }
    let list = given.as_array().map(Vec::as_slice).unwrap_or_default();
    // one empty entry asks to forget them all
    if matches!(list, [Value::Object(only)] if only.values().all(Value::is_null)) {
        return Value::Null;
    }
    if list.is_empty() {
        return kept();
    }
    match live.is_some_and(|live| live["metadata"]["managedFields"] == given) {
        true => given,
        false => entry::accept(given).unwrap_or_else(|_| kept()),
    }
}

/// The entries after the change.
fn next(request: &Request<'_>, versions: &dyn Versions, (old, new): (&Value, &Value), entries: Value) -> Value {
    let schema = versions.schema(request.api_version);
    // An object whose items have no names is not tracked further: validation will have its own say on it.
    let changes = schema.and_then(|schema| compare::objects(schema, old, new, request.ignored).ok());
    let Some(changes) = changes.filter(|changes| *changes != Changes::default()) else { return entries };
    let Ok(mut entries) = entry::decode(entries) else { return Value::Null };
    let mut others = Others { request, versions, states: (old, new), seen: BTreeMap::new() };
    entries.retain_mut(|entry| {
        let changes = match entry.api_version == request.api_version {
            true => Some(&changes),
            false => others.changes(&entry.api_version),
        };
        let Some(changes) = changes else { return false };
        entry.fields.subtract(&changes.taken);
        entry.fields.subtract(&changes.removed);
        !entry.fields.is_empty()
    });
    if !changes.taken.is_empty() {
        let mut own = request.entry(Operation::Update);
        own.fields = changes.taken;
        own.time = Some(request.now.to_owned());
        match entries.iter_mut().find(|entry| entry.is_same(&own)) {
            Some(entry) => {
                entry.fields.union(&own.fields);
                entry.time = own.time;
            }
            None => entries.push(own),
        }
    }
    cap(&mut entries);
    entry::encode(entries)
}

/// The same change as other versions see it.
pub(super) struct Others<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) versions: &'a dyn Versions,
    pub(super) states: (&'a Value, &'a Value),
    pub(super) seen: BTreeMap<String, Option<Changes>>,
}

impl Others<'_> {
    /// None: that version is not served.
    pub(super) fn changes(&mut self, api_version: &str) -> Option<&Changes> {
        if !self.seen.contains_key(api_version) {
            let (request, versions) = (self.request, self.versions);
            let convert = |value: &Value| versions.convert(value, request.api_version, api_version);
            let changes = versions.schema(api_version).zip(convert(self.states.0)).zip(convert(self.states.1));
            let changes =
                changes.and_then(|((schema, old), new)| compare::objects(schema, &old, &new, request.ignored).ok());
            self.seen.insert(api_version.to_owned(), changes);
        }
        self.seen.get(api_version)?.as_ref()
    }
}

/// Puts the oldest Update entries of a version into one, until there are few enough.
fn cap(entries: &mut Vec<Entry>) {
    let mut updates: Vec<usize> = (0..entries.len()).filter(|at| entries[*at].operation == Operation::Update).collect();
    let mut excess = updates.len().saturating_sub(MOST_UPDATES);
    updates.sort_by(|a, b| (&entries[*a].time, &entries[*a].manager).cmp(&(&entries[*b].time, &entries[*b].manager)));
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    let mut gone = vec![false; entries.len()];
    for at in updates {
        if excess == 0 {
            break;
        }
        let version = entries[at].api_version.clone();
        let Some(first) = firsts.get(&version).copied() else {
            firsts.insert(version, at);
            continue;
        };
        let is_bucket = |entry: &Entry| {
            entry.operation == Operation::Update
                && entry.manager == ANCIENT
                && entry.api_version == version
                && entry.subresource.is_empty()
        };
        let bucket = (0..entries.len()).find(|known| *known != at && !gone[*known] && is_bucket(&entries[*known]));
        let bucket = bucket.unwrap_or_else(|| {
            entries[first].manager = ANCIENT.to_owned();
            entries[first].subresource.clear();
            first
        });
        let fields = std::mem::take(&mut entries[at].fields);
        entries[bucket].fields.union(&fields);
        entries[bucket].time = entries[at].time.clone();
        gone[at] = true;
        excess -= 1;
    }
    let mut gone = gone.into_iter();
    entries.retain(|_| !gone.next().unwrap_or(false));
}
