//! A watch: a place in the history of a resource, from which it reads on.

use std::sync::Arc;

use api::{Event, Revision};
use tokio::sync::watch::Receiver;

use crate::{
    Closed, Error, Shared, log,
    memory::{Memory, ResourceId},
    ring::{Cursor, FellOff},
};

/// Events handed out together. Never empty.
pub type Batch = Vec<Arc<Event>>;

/// Most events of a [`Batch`]: bounds how long the lock is held.
const BATCH: usize = 256;

/// Holds no events, however slow its reader: it is a cursor on the ring that all watchers of the resource share.
pub struct Watch {
    shared: Arc<Shared>,
    resource: ResourceId,
    place: Place,
    /// The revision of the last commit to the resource; says when to look.
    wake: Receiver<Revision>,
}

#[derive(Clone, Copy)]
enum Place {
    /// All up to the revision was seen; what follows is in the log only.
    Log(Revision),
    /// In the ring, where this cursor is; all up to the revision was seen.
    Ring(Cursor, Revision),
}

impl Place {
    fn after(memory: &Memory, resource: ResourceId, seen: Revision) -> Self {
        match memory.resource(resource).ring.after(seen) {
            Some(cursor) => Self::Ring(cursor, seen),
            None => Self::Log(seen),
        }
    }
}

impl Watch {
    pub(crate) fn open(shared: Arc<Shared>, resource: ResourceId, after: Revision) -> Result<Self, Error> {
        let wake = shared.catalog().waker(resource).subscribe();
        let memory = shared.memory.read();
        if after > memory.revision {
            return Err(Error::Future { current: memory.revision });
        }
        if after < memory.compacted {
            return Err(Error::Compacted { oldest: memory.compacted });
        }
        let place = Place::after(&memory, resource, after);
        drop(memory);
        Ok(Self { shared, resource, place, wake })
    }

    /// What happened since the last call, as soon as there is something. May be dropped and called again.
    ///
    /// # Errors
    /// When there will be nothing more: the reader was too slow, the store stopped, or the disk failed.
    pub async fn next(&mut self) -> Result<Batch, Closed> {
        loop {
            let events = match self.place {
                Place::Log(after) => self.read_log(after).await?,
                Place::Ring(cursor, seen) => self.read_ring(cursor, seen).await?,
            };
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    /// Everything up to here that concerns this watch was handed out, whichever resources moved the revision. For
    /// bookmarks.
    pub fn progress(&self) -> Revision {
        match self.place {
            Place::Log(seen) => seen,
            Place::Ring(cursor, seen) => {
                let memory = self.shared.memory.read();
                if memory.resource(self.resource).ring.is_end(cursor) { memory.revision.max(seen) } else { seen }
            }
        }
    }

    /// Waits for events where there are none.
    async fn read_ring(&mut self, cursor: Cursor, seen: Revision) -> Result<Batch, Closed> {
        // before the look into the ring: an event published after the look wakes
        self.wake.borrow_and_update();
        let read = self.shared.memory.read().resource(self.resource).ring.read(cursor, BATCH);
        let (events, next) = read.map_err(|FellOff| Closed::Behind)?;
        if let Some(last) = events.last() {
            self.place = Place::Ring(next, last.revision().max(seen));
            return Ok(events);
        }
        tokio::select! {
            _ = self.wake.changed() => Ok(events),
            () = self.shared.ended.cancelled() => {
                // what was committed last is still handed out
                let end = self.shared.memory.read().resource(self.resource).ring.is_end(cursor);
                if end { Err(Closed::Stopped) } else { Ok(events) }
            }
        }
    }

    /// Empty when the ring takes over.
    async fn read_log(&mut self, after: Revision) -> Result<Batch, Closed> {
        // not more than is published: the ring would say it again
        let published = self.shared.memory.read().revision;
        let pages = &self.shared.readers;
        let catalog = self.shared.catalog();
        let changes = log::page(pages, &catalog, self.resource, (after, published), BATCH).await;
        let changes = changes.map_err(Closed::Disk)?;
        let memory = self.shared.memory.read();
        if memory.compacted > after {
            return Err(Closed::Behind);
        }
        let seen = match changes.last() {
            Some(last) if changes.len() == BATCH => last.event.revision(),
            _ => published,
        };
        self.place = Place::after(&memory, self.resource, seen);
        Ok(changes.into_iter().map(|change| change.event).collect())
    }
}
