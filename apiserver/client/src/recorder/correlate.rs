//! Which events are the same, and which are too many.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{EventType, Note};

/// Objects remembered; when there are more, the table starts anew, and repeats become new Events once.
const REMEMBERED: usize = 4096;
/// Different messages for one reason, after which they are told as one event.
const SIMILAR: usize = 10;
const SIMILAR_WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// Events that one object may have at once, and the time after which it may have one more.
const BURST: f64 = 25.0;
const REFILL: SignedDuration = SignedDuration::from_mins(5);
const COMBINED: &str = "(combined from similar events): ";

/// What to write for a note.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// A new Event with this message.
    Create { message: String },
    /// The Event of this name again, `count` times by now.
    Count { name: String, count: i32, message: String },
    /// The object has had too many.
    Drop,
}

/// Remembers what was written.
#[derive(Default)]
pub(super) struct Correlator {
    objects: HashMap<String, Told>,
}

/// What was told about one object.
struct Told {
    tokens: f64,
    refilled: Timestamp,
    groups: HashMap<(EventType, String), Group>,
}

/// Events of one reason.
struct Group {
    since: Timestamp,
    messages: BTreeSet<String>,
    /// Name and count by the [`key`] of the message written.
    events: HashMap<String, (String, i32)>,
}

impl Correlator {
    pub(super) fn judge(&mut self, note: &Note) -> Verdict {
        if self.objects.len() >= REMEMBERED {
            self.objects.clear();
        }
        let told = self.objects.entry(identity(note)).or_insert_with(|| Told::new(note.at));
        let group = told.groups.entry((note.kind, note.reason.clone())).or_insert_with(|| Group::new(note.at));
        let message = group.message(note);
        let event = group.events.get_mut(key(&message)).map(|(name, count)| {
            *count += 1;
            Verdict::Count { name: name.clone(), count: *count, message: message.clone() }
        });
        if told.spend(note.at) { event.unwrap_or(Verdict::Create { message }) } else { Verdict::Drop }
    }

    /// `note` was written as the Event `name`.
    pub(super) fn created(&mut self, note: &Note, message: &str, name: &str) {
        let told = self.objects.get_mut(&identity(note));
        if let Some(group) = told.and_then(|told| told.groups.get_mut(&(note.kind, note.reason.clone()))) {
            group.events.insert(key(message).to_owned(), (name.to_owned(), 1));
        }
    }

    /// The Event that was to be counted on is gone (Events live for an hour).
    pub(super) fn forget(&mut self, note: &Note) {
        if let Some(told) = self.objects.get_mut(&identity(note)) {
            told.groups.remove(&(note.kind, note.reason.clone()));
        }
    }
}

impl Told {
    fn new(now: Timestamp) -> Self {
        Self { tokens: BURST, refilled: now, groups: HashMap::new() }
    }

    fn spend(&mut self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.refilled).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + passed / REFILL.as_secs_f64()).min(BURST);
        self.refilled = now;
        let affordable = self.tokens >= 1.0;
        if affordable {
            self.tokens -= 1.0;
        }
        affordable
    }
}

impl Group {
    fn new(now: Timestamp) -> Self {
        Self { since: now, messages: BTreeSet::new(), events: HashMap::new() }
    }

    /// The message to write: the note's own, unless there were too many different ones lately.
    fn message(&mut self, note: &Note) -> String {
        if note.at.duration_since(self.since) > SIMILAR_WINDOW {
            self.since = note.at;
            self.messages.clear();
            // what is no longer remembered as similar may still be counted, but not for ever more messages
            self.events.retain(|message, _| *message == note.message);
        }
        if self.messages.len() < SIMILAR {
            self.messages.insert(note.message.clone());
        }
        if self.messages.contains(&note.message) { note.message.clone() } else { format!("{COMBINED}{}", note.message) }
    }
}

/// What makes two messages the same event: all combined ones are one, whatever they end with.
fn key(message: &str) -> &str {
    if message.starts_with(COMBINED) { COMBINED } else { message }
}

fn identity(note: &Note) -> String {
    let about = &note.about;
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    [&about.uid, &about.kind, &about.namespace, &about.name, &about.field_path].map(part).join("/")
}

#[cfg(test)]
mod tests;
