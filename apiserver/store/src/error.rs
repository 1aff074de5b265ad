//! Why the store refuses: every answer but success.

use std::{path::PathBuf, sync::Arc};

use api::{Key, Revision};

/// What a call on the store can answer instead of a result. The API server translates it to a `Status` in one place.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("`{key}` does not exist")]
    NotFound { key: Key },
    #[error("`{key}` exists already")]
    AlreadyExists { key: Key },
    /// The precondition on the revision does not hold.
    #[error("`{key}` is at revision {current}")]
    Conflict { key: Key, current: Revision },
    /// The precondition on the uid does not hold.
    #[error("`{key}` has the uid `{current}`")]
    UidMismatch { key: Key, current: Box<str> },
    /// Another object holds what this one wants for itself.
    #[error("`{claim}` is held by {resource} `{by}`")]
    Claimed { claim: Box<str>, resource: Arc<str>, by: Key },
    /// The history up to and with `oldest` is gone.
    #[error("the history up to revision {oldest} was compacted")]
    Compacted { oldest: Revision },
    #[error("the store is at revision {current}, before the one that was asked for")]
    Future { current: Revision },
    #[error("`{resource}` is not among the kinds the store was opened with")]
    UnknownKind { resource: String },
    #[error("{} is in use by process {pid}", dir.display())]
    Locked { dir: PathBuf, pid: u32 },
    #[error("the store is closed")]
    Closed,
    /// Nothing of the write is in memory. It was not acknowledged, so its fate on disk is not promised either.
    #[error("could not {doing}")]
    Disk { doing: &'static str, source: Arc<sqlx::Error> },
    #[error("could not {doing} {}", path.display())]
    File { doing: &'static str, path: PathBuf, source: Arc<std::io::Error> },
    /// The file holds what this program did not write.
    #[error("{resource} at revision {revision} is not an object")]
    Corrupt { resource: Box<str>, revision: Revision, source: Arc<serde_json::Error> },
}

impl Error {
    /// For `map_err`: a failure of SQLite while `doing` something.
    pub(crate) fn disk(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Disk { doing, source: Arc::new(source) }
    }
}

/// Why a watch says nothing more.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Closed {
    /// The reader was slower than the writers for too long. It may watch again from what it has seen.
    #[error("the watcher fell behind")]
    Behind,
    #[error("the store stopped")]
    Stopped,
    #[error("the log could not be read")]
    Disk(#[source] Error),
}
