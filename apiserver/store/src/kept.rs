//! Old snapshots that a `continue` token asked for, so that its next page finds the same one.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use api::Revision;

use crate::{memory::ResourceId, snapshot::Snapshot};

/// Lists that can be continued at once, beyond what the rings can take back.
const SNAPSHOTS: usize = 64;

/// Bounded in number and age: each may keep alive what was deleted long ago.
pub(crate) struct Kept {
    snapshots: VecDeque<(Instant, ResourceId, Snapshot)>,
    age: Duration,
}

impl Kept {
    pub(crate) fn new(age: Duration) -> Self {
        Self { snapshots: VecDeque::new(), age }
    }

    pub(crate) fn get(&self, resource: ResourceId, revision: Revision) -> Option<Snapshot> {
        let mut snapshots = self.snapshots.iter();
        let (_, _, found) = snapshots.find(|(_, id, snapshot)| *id == resource && snapshot.revision() == revision)?;
        Some(found.clone())
    }

    pub(crate) fn keep(&mut self, resource: ResourceId, snapshot: Snapshot) {
        self.expire();
        if self.snapshots.len() == SNAPSHOTS {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back((Instant::now(), resource, snapshot));
    }

    /// Drops what is too old.
    pub(crate) fn expire(&mut self) {
        while self.snapshots.front().is_some_and(|(since, ..)| since.elapsed() > self.age) {
            self.snapshots.pop_front();
        }
    }
}
