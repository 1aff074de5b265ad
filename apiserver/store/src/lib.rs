//! Revisions, snapshots and watches over one SQLite file; the only user of sqlx.
//!
//! A write goes to the single [`writer`], which decides it on memory, commits it together with all that waits, and then, in
//! this order, shows it to readers, wakes watchers and answers. Reads are from memory and never wait.
//!
//! Read in this order.

/// Decides the writes of one transaction.
mod batch;
/// Who holds what may be held once.
mod claims;
/// Forgets old history in small steps.
mod compact;
/// Why the store refuses.
mod error;
/// Old snapshots for `continue`.
mod kept;
/// One process per data directory.
mod lock;
/// Reads the log.
mod log;
/// What is committed, in memory.
mod memory;
/// The newest events of a resource.
mod ring;
/// Kinds that come at run time.
mod serve;
/// All objects of a resource as they were at one revision.
mod snapshot;
/// The tables, and the writer's connection to them.
mod sql;
/// A place in the history of a resource, from which it reads on.
mod watch;
/// The single writer.
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use api::{Draft, Key, Kind, Object, Revision};
use parking_lot::{Mutex, RwLock};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub use error::{Closed, Error};
pub use snapshot::Snapshot;
pub use watch::{Batch, Watch};

use batch::Write;
use claims::Claims;
use compact::Compactor;
use kept::Kept;
use lock::DirLock;
use memory::{Catalog, Change, Memory};
use sql::Database;
use writer::{Request, Writer};

/// How much the store remembers.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Events kept in memory per resource; older ones a watcher reads from the log.
    pub history: usize,
    /// How long superseded and deleted states are kept in the log.
    pub retention: Duration,
}

/// What must hold for a write to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    pub revision: Option<Revision>,
    pub uid: Option<Box<str>>,
}

/// The writer, which ends with what its disk said last.
type Task = JoinHandle<Result<(), Error>>;

/// A handle; clones are the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    closing: CancellationToken,
    /// Taken by whoever closes first.
    task: Arc<Mutex<Option<Task>>>,
}

/// What readers and the writer share.
pub(crate) struct Shared {
    /// Replaced as a whole when a kind comes.
    catalog: RwLock<Arc<Catalog>>,
    memory: RwLock<Memory>,
    claims: Mutex<Claims>,
    kept: Mutex<Kept>,
    committed: tokio::sync::watch::Sender<Revision>,
    /// Connections for watchers that read the log.
    readers: SqlitePool,
    /// Nothing will be committed any more.
    ended: CancellationToken,
}

impl Default for Options {
    fn default() -> Self {
        Self { history: 4096, retention: Duration::from_secs(300) }
    }
}

impl Store {
    /// Opens `state.db` in `dir`, which no other process may use meanwhile. `kinds` are the resources that are served
    /// from the start; others are kept until [`Store::serve`] says what they are.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process has `dir`; what the disk says; [`Error::Corrupt`].
    pub async fn open(dir: &Path, kinds: &[&'static Kind], options: Options) -> Result<Self, Error> {
        let lock = DirLock::take(dir)?;
        let path = dir.join("state.db");
        lock::create_private(&path)?;
        let connect = sql::options(&path);
        let failed = Error::disk("open the database");
        let mut database = Database::open(connect.clone()).await.map_err(&failed)?;
        let revision = database.revision().await.map_err(&failed)?;
        let compacted = database.compacted().await.map_err(&failed)?;

        let mut catalog = Catalog::new(kinds, revision);
        let mut claims = Claims::default();
        let since = compacted.max(Revision(revision.0.saturating_sub(options.history as u64)));
        let mut memory = Memory::new(options.history, compacted, revision);
        memory.grow(catalog.len(), since);
        let connection = database.connection().await.map_err(&failed)?;
        log::load_objects(connection, &mut catalog, &mut memory, &mut claims, since).await?;
        log::load_rings(connection, &catalog, &mut memory, since).await?;

        let shared = Arc::new(Shared {
            catalog: RwLock::new(Arc::new(catalog)),
            memory: RwLock::new(memory),
            claims: Mutex::new(claims),
            kept: Mutex::new(Kept::new(options.retention)),
            committed: tokio::sync::watch::Sender::new(revision),
            readers: SqlitePoolOptions::new()
                .max_connections(2)
                .min_connections(0)
                .connect_lazy_with(connect.read_only(true)),
            ended: CancellationToken::new(),
        });
        let (requests, receiver) = mpsc::channel(writer::QUEUE);
        let closing = CancellationToken::new();
        let compactor = Compactor::new(options.retention, compacted, revision);
        let writer = Writer { shared: shared.clone(), requests: receiver, database, compactor, doubt: None, lock };
        let task = tokio::spawn(writer.run(closing.clone()));
        Ok(Self { shared, requests, closing, task: Arc::new(Mutex::new(Some(task))) })
    }

    /// Serves `kind` from now on, be it new, already on disk, or another definition of a resource that is served. Objects
    /// that are there are read anew, as the kind has them; that takes microseconds for each, so not on a thread of the
    /// runtime. Watchers of events from before read on from the log. One caller at a time.
    ///
    /// # Errors
    /// [`Error::Corrupt`]: an object on disk cannot be read.
    pub fn serve(&self, kind: &'static Kind) -> Result<(), Error> {
        serve::serve(&self.shared, kind)
    }

    /// Writes a new object.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Error::Claimed`], [`Error::Disk`], [`Error::Closed`].
    pub async fn create(&self, kind: &'static Kind, draft: Draft) -> Result<Arc<Object>, Error> {
        self.write(kind, Write::Create(draft)).await
    }

    /// Writes a new state over the object with the key of `draft`. A state that is there already is answered, not written.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`], [`Error::UidMismatch`], [`Error::Claimed`], [`Error::Disk`],
    /// [`Error::Closed`].
    pub async fn update(&self, kind: &'static Kind, draft: Draft, expect: Expect) -> Result<Arc<Object>, Error> {
        self.write(kind, Write::Update(draft, expect)).await
    }

    /// Removes an object and answers what the DELETED event carries: `last`, or else the state as it was stored, at the
    /// revision of the deletion.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`], [`Error::UidMismatch`], [`Error::Disk`], [`Error::Closed`].
    pub async fn delete(
        &self,
        kind: &'static Kind,
        key: &Key,
        expect: Expect,
        last: Option<Draft>,
    ) -> Result<Arc<Object>, Error> {
        self.write(kind, Write::Delete { key: key.clone(), expect, last }).await
    }

    /// The object as it is committed.
    pub fn get(&self, kind: &Kind, key: &Key) -> Option<Arc<Object>> {
        let id = self.shared.catalog.read().id(kind)?;
        self.shared.memory.read().get(id, key).cloned()
    }

    /// All objects of a kind, now. Of a kind the store was not opened with there are none.
    pub fn snapshot(&self, kind: &Kind) -> Snapshot {
        let id = self.shared.catalog.read().id(kind);
        let memory = self.shared.memory.read();
        match id {
            Some(id) => memory.snapshot(id),
            None => Snapshot::new(memory.revision, snapshot::Objects::default()),
        }
    }

    /// The revision of the last commit to a kind; that of the start, or 0, if there was none.
    pub fn changed(&self, kind: &Kind) -> Revision {
        let catalog = self.shared.catalog.read();
        catalog.id(kind).map_or(Revision::default(), |id| *catalog.waker(id).borrow())
    }

    /// All objects of a kind as they were at `revision`: made from what is there now and what happened since.
    ///
    /// # Errors
    /// [`Error::Compacted`] when that is not in memory any more; [`Error::Future`].
    pub fn snapshot_at(&self, kind: &Kind, revision: Revision) -> Result<Snapshot, Error> {
        let id = self.shared.catalog.read().require(kind)?;
        if let Some(kept) = self.shared.kept.lock().get(id, revision) {
            return Ok(kept);
        }
        let memory = self.shared.memory.read();
        if revision > memory.revision {
            return Err(Error::Future { current: memory.revision });
        }
        let Some(snapshot) = memory.snapshot_at(id, revision) else {
            return Err(Error::Compacted { oldest: memory.resource(id).ring.dropped() });
        };
        drop(memory);
        self.shared.kept.lock().keep(id, snapshot.clone());
        Ok(snapshot)
    }

    /// All that happens to a kind after a revision, in commit order and without a gap.
    ///
    /// # Errors
    /// [`Error::Compacted`]: list first. [`Error::Future`], [`Error::UnknownKind`].
    pub fn watch(&self, kind: &Kind, after: Revision) -> Result<Watch, Error> {
        let id = self.shared.catalog.read().require(kind)?;
        Watch::open(self.shared.clone(), id, after)
    }

    /// Whether some object holds `claim`, be it in flight.
    pub fn claimed(&self, claim: &str) -> bool {
        self.shared.claims.lock().is_held(claim)
    }

    /// The last committed revision, of all kinds.
    pub fn revision(&self) -> Revision {
        self.shared.memory.read().revision
    }

    /// Waits until reads show `at_least`. How long to wait is up to the caller.
    ///
    /// # Errors
    /// [`Error::Closed`] when that will not happen.
    pub async fn settled(&self, at_least: Revision) -> Result<(), Error> {
        let mut committed = self.shared.committed.subscribe();
        tokio::select! {
            biased;
            reached = committed.wait_for(|revision| *revision >= at_least) => reached.map(drop).map_err(|_| Error::Closed),
            () = self.shared.ended.cancelled() => Err(Error::Closed),
        }
    }

    /// Ends the store: what waits is still written, then writes answer [`Error::Closed`] and watches [`Closed::Stopped`].
    /// The directory is free afterwards.
    pub async fn close(self) {
        self.closing.cancel();
        let task = self.task.lock().take();
        match task {
            Some(task) => match task.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the store did not close cleanly"),
                Err(error) => tracing::error!(%error, "the writer of the store panicked"),
            },
            None => self.shared.ended.cancelled().await,
        }
        self.shared.readers.close().await;
    }

    async fn write(&self, kind: &'static Kind, write: Write) -> Result<Arc<Object>, Error> {
        let resource = self.shared.catalog.read().require(kind)?;
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request { resource, write, answer }).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Shared {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read())
    }

    /// Shows a committed batch to readers, then wakes watchers.
    fn publish(&self, changes: &[Change]) {
        let Some(last) = changes.last() else { return };
        self.memory.write().publish(changes);
        let catalog = self.catalog.read();
        for Change { resource, event } in changes {
            catalog.waker(*resource).send_replace(event.revision());
        }
        drop(catalog);
        self.committed.send_replace(last.event.revision());
    }
}
