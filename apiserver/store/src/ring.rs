//! The newest events of a resource, for any number of watchers.

use std::{collections::VecDeque, sync::Arc};

use api::{Event, Revision};

/// Bounded; what is pushed out is still in the log until it is compacted.
#[derive(Debug)]
pub(crate) struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The position of `events[0]`, counted from the first event ever pushed.
    first: u64,
    /// Every event after this revision is here.
    dropped: Revision,
    capacity: usize,
}

/// Where a watcher stands: the position of the first event it has not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(u64);

/// The cursor points at an event that was pushed out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FellOff;

impl Ring {
    /// An empty ring of a resource of which nothing happened after `since`.
    pub(crate) fn new(capacity: usize, since: Revision) -> Self {
        Self { events: VecDeque::new(), first: 0, dropped: since, capacity: capacity.max(1) }
    }

    pub(crate) fn push(&mut self, event: Arc<Event>) {
        if self.events.len() == self.capacity {
            self.pop();
        }
        self.events.push_back(event);
    }

    /// Forgets what happened up to `revision`.
    pub(crate) fn trim(&mut self, revision: Revision) {
        while self.events.front().is_some_and(|event| event.revision() <= revision) {
            self.pop();
        }
        self.dropped = self.dropped.max(revision);
    }

    /// Every event after this revision is in the ring, none up to it need be.
    pub(crate) fn dropped(&self) -> Revision {
        self.dropped
    }

    /// Where the events after `revision` begin, if none of them was pushed out.
    pub(crate) fn after(&self, revision: Revision) -> Option<Cursor> {
        (revision >= self.dropped).then(|| {
            let index = self.events.partition_point(|event| event.revision() <= revision);
            Cursor(self.first + index as u64)
        })
    }

    /// At most `limit` events from `cursor` on, and where to go on.
    pub(crate) fn read(&self, cursor: Cursor, limit: usize) -> Result<(Vec<Arc<Event>>, Cursor), FellOff> {
        let skip = cursor.0.checked_sub(self.first).ok_or(FellOff)?;
        let skip = usize::try_from(skip).expect("a cursor is at most the ring's length away from its beginning");
        let events: Vec<_> = self.events.iter().skip(skip).take(limit).cloned().collect();
        let next = Cursor(cursor.0 + events.len() as u64);
        Ok((events, next))
    }

    /// Whether nothing lies after `cursor`.
    pub(crate) fn is_end(&self, cursor: Cursor) -> bool {
        cursor.0 == self.first + self.events.len() as u64
    }

    /// Events after `revision`, newest first; `None` when some of them were pushed out.
    pub(crate) fn back_to(&self, revision: Revision) -> Option<impl Iterator<Item = &Arc<Event>>> {
        (revision >= self.dropped).then(|| self.events.iter().rev().take_while(move |event| event.revision() > revision))
    }

    fn pop(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.first += 1;
            self.dropped = self.dropped.max(event.revision());
        }
    }
}
