//! What a watch says.

use std::sync::Arc;

use crate::{Object, Revision};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    Added,
    Modified,
    Deleted,
}

/// One commit to one object. Shared by every watcher.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: EventKind,
    /// The state written; for [`EventKind::Deleted`] the last state, at the revision of its deletion.
    pub object: Arc<Object>,
    /// The state before, if there was one: selectors need it to tell who left.
    pub previous: Option<Arc<Object>>,
}

impl Event {
    pub fn revision(&self) -> Revision {
        self.object.revision
    }
}
