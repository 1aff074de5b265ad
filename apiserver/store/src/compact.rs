//! Forgets old history, in steps small enough that no write waits for them.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use api::Revision;

use crate::{Shared, sql::Database};

/// Revisions a step goes through: some milliseconds of work.
const STEP: u64 = 500;
/// Steps are at least this far apart while there is more to do: 10,000 revisions/s, within a quarter of the time.
const PAUSE: Duration = Duration::from_millis(50);
/// The log is cut at this length even if it is young, so that a storm of writes cannot fill the disk.
const LONGEST: u64 = 500_000;
/// Marks per retention time: how exactly the retention is kept.
const MARKS: u32 = 20;

/// Knows how old revisions are, and how far the log is compacted.
pub(crate) struct Compactor {
    retention: Duration,
    /// When the store was at which revision; oldest first.
    marks: VecDeque<(Instant, Revision)>,
    /// Compacted on disk.
    done: Revision,
    /// To be compacted.
    target: Revision,
    /// When the next step may be done.
    due: Instant,
}

impl Compactor {
    /// What is in the log now counts as new: its age is not on disk.
    pub(crate) fn new(retention: Duration, done: Revision, current: Revision) -> Self {
        let now = Instant::now();
        Self { retention, marks: VecDeque::from([(now, current)]), done, target: done, due: now }
    }

    /// When to call [`Compactor::step`] if nothing else happens.
    pub(crate) fn wake(&self) -> Instant {
        if self.done < self.target { self.due } else { self.due + self.retention / MARKS }
    }

    /// Does one step if one is due. A failure is logged, and the step done again later.
    pub(crate) async fn step(&mut self, shared: &Shared, database: &mut Database) {
        let now = Instant::now();
        if now < self.due {
            return;
        }
        if self.done == self.target && now < self.wake() {
            return;
        }
        self.due = now + PAUSE;
        self.aim(now, shared);
        if self.done == self.target {
            return;
        }
        let end = self.target.min(Revision(self.done.0 + STEP));
        match database.compact(self.done, end).await {
            Ok(()) => self.done = end,
            Err(error) => {
                tracing::warn!(%error, "the log could not be compacted; it will be tried again");
                self.due = now + self.retention / MARKS;
            }
        }
    }

    /// Moves the target to what is too old now, and takes it out of memory first: a watch that reads the log checks
    /// afterwards whether its place was compacted meanwhile.
    fn aim(&mut self, now: Instant, shared: &Shared) {
        shared.kept.lock().expire();
        let current = shared.memory.read().revision;
        if self.marks.back().is_none_or(|(at, _)| now.duration_since(*at) >= self.retention / MARKS) {
            self.marks.push_back((now, current));
        }
        let mut target = Revision(current.0.saturating_sub(LONGEST));
        while let Some((at, revision)) = self.marks.front()
            && now.duration_since(*at) >= self.retention
        {
            target = target.max(*revision);
            self.marks.pop_front();
        }
        if target > self.target {
            self.target = target;
            shared.memory.write().compact(target);
        }
    }
}
