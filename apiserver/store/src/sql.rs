//! The tables, and the writer's connection to them.
//!
//! `log` has the bytes of every write since the last compaction, and of every live object; `object` says which of them are
//! live. So the bytes of a write go to disk once.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use api::{EventKind, Revision};
use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{batch::Batch, memory::Catalog};

/// Statements are made for 1..=ROWS rows; more go in several. Bounds the statement cache and stays far below SQLite's
/// limit of 32,766 bind variables.
const ROWS: usize = 64;
/// Statements the connection keeps prepared: one per table and number of rows.
const STATEMENTS: usize = 4 * ROWS;

const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS log (
        revision INTEGER PRIMARY KEY, -- given out by the writer, never twice
        resource TEXT NOT NULL,       -- `pods`, `deployments.apps`
        deleted INTEGER NOT NULL,     -- 1: `body` is the last state, at the revision of its deletion
        previous INTEGER NOT NULL,    -- the row this one supersedes, or 0
        body BLOB NOT NULL            -- JSON of the hub version, `resourceVersion` included
    )",
    "CREATE TABLE IF NOT EXISTS object (
        resource TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (resource, namespace, name)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    // up to this revision the log has live objects only; also keeps revisions growing when the newest row is compacted
    "INSERT OR IGNORE INTO meta VALUES ('compacted', 0)",
];

/// The one connection that writes. Made anew after an error, so that nothing half done is left in it.
pub(crate) struct Database {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    texts: HashMap<(Statement, usize), Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Statement {
    Log,
    Put,
    Remove,
}

/// How every connection of the store is made.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENTS)
        // the WAL is cut back to this after a checkpoint, should readers have made it grow
        .pragma("journal_size_limit", "67108864")
}

impl Database {
    pub(crate) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let mut database = Self { options, connection: None, texts: HashMap::new() };
        let connection = database.connection().await?;
        for statement in SCHEMA {
            sqlx::query(*statement).execute(&mut *connection).await?;
        }
        Ok(database)
    }

    /// The connection, made when there is none.
    pub(crate) async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(SqliteConnection::connect_with(&self.options).await?);
        }
        Ok(self.connection.as_mut().expect("made above"))
    }

    /// Writes `batch` in one transaction: all of it is on disk afterwards, or the answer is an error.
    pub(crate) async fn commit(&mut self, catalog: &Catalog, batch: &Batch) -> Result<(), sqlx::Error> {
        let result = self.transaction(catalog, batch).await;
        if result.is_err() {
            self.reset().await;
        }
        result
    }

    /// The highest revision on disk.
    pub(crate) async fn revision(&mut self) -> Result<Revision, sqlx::Error> {
        let query =
            "SELECT max((SELECT ifnull(max(revision), 0) FROM log), (SELECT value FROM meta WHERE name = 'compacted'))";
        let revision: i64 = sqlx::query_scalar(query).fetch_one(self.connection().await?).await?;
        Ok(from_sql(revision))
    }

    /// The revision up to which the log has live objects only.
    pub(crate) async fn compacted(&mut self) -> Result<Revision, sqlx::Error> {
        let query = "SELECT value FROM meta WHERE name = 'compacted'";
        let revision: i64 = sqlx::query_scalar(query).fetch_one(self.connection().await?).await?;
        Ok(from_sql(revision))
    }

    /// Drops from the log what was superseded or deleted after `from` and up to `to`. `from` must be where the last call
    /// ended: then all rows up to `to` that are left are alive there, and `previous` finds the others without an index.
    pub(crate) async fn compact(&mut self, from: Revision, to: Revision) -> Result<(), sqlx::Error> {
        let result = self.compaction(from, to).await;
        if result.is_err() {
            self.reset().await;
        }
        result
    }

    pub(crate) async fn close(mut self) -> Result<(), sqlx::Error> {
        match self.connection.take() {
            Some(connection) => connection.close().await,
            None => Ok(()),
        }
    }

    async fn reset(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the connection to the database did not close");
        }
    }

    async fn transaction(&mut self, catalog: &Catalog, batch: &Batch) -> Result<(), sqlx::Error> {
        let name = |id| &**catalog.name(id);
        self.execute("BEGIN IMMEDIATE").await?;
        for rows in batch.changes.chunks(ROWS) {
            let text = self.text(Statement::Log, rows.len());
            let mut query = sqlx::query(AssertSqlSafe(text));
            for change in rows {
                let event = &change.event;
                query = query
                    .bind(to_sql(event.revision()))
                    .bind(name(change.resource))
                    .bind(event.kind == EventKind::Deleted)
                    .bind(event.previous.as_ref().map_or(0, |previous| to_sql(previous.revision)))
                    .bind(&event.object.bytes[..]);
            }
            query.execute(self.connection().await?).await?;
        }
        let (puts, removes): (Vec<_>, Vec<_>) = batch.outcome.iter().partition(|(_, object)| object.is_some());
        for rows in puts.chunks(ROWS) {
            let text = self.text(Statement::Put, rows.len());
            let mut query = sqlx::query(AssertSqlSafe(text));
            for ((resource, key), object) in rows {
                let revision = object.as_ref().map_or(0, |object| to_sql(object.revision));
                query = query.bind(name(*resource)).bind(&*key.namespace).bind(&*key.name).bind(revision);
            }
            query.execute(self.connection().await?).await?;
        }
        for rows in removes.chunks(ROWS) {
            let text = self.text(Statement::Remove, rows.len());
            let mut query = sqlx::query(AssertSqlSafe(text));
            for ((resource, key), _) in rows {
                query = query.bind(name(*resource)).bind(&*key.namespace).bind(&*key.name);
            }
            query.execute(self.connection().await?).await?;
        }
        self.execute("COMMIT").await
    }

    async fn compaction(&mut self, from: Revision, to: Revision) -> Result<(), sqlx::Error> {
        self.execute("BEGIN IMMEDIATE").await?;
        for statement in [
            "DELETE FROM log WHERE revision IN
                (SELECT previous FROM log WHERE revision > ?1 AND revision <= ?2 AND previous > 0)",
            "DELETE FROM log WHERE revision > ?1 AND revision <= ?2 AND deleted = 1",
            "UPDATE meta SET value = ?2 WHERE name = 'compacted' AND value = ?1",
        ] {
            let query = sqlx::query(statement).bind(to_sql(from)).bind(to_sql(to));
            query.execute(self.connection().await?).await?;
        }
        self.execute("COMMIT").await
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(statement).execute(self.connection().await?).await?;
        Ok(())
    }

    fn text(&mut self, statement: Statement, rows: usize) -> Arc<str> {
        let text = self.texts.entry((statement, rows)).or_insert_with(|| statement.text(rows).into());
        Arc::clone(text)
    }
}

impl Statement {
    fn text(self, rows: usize) -> String {
        let (begin, row, end) = match self {
            Self::Log => ("INSERT INTO log (revision, resource, deleted, previous, body) VALUES ", "(?,?,?,?,?)", ""),
            Self::Put => ("INSERT OR REPLACE INTO object (resource, namespace, name, revision) VALUES ", "(?,?,?,?)", ""),
            Self::Remove => ("DELETE FROM object WHERE (resource, namespace, name) IN (VALUES ", "(?,?,?)", ")"),
        };
        format!("{begin}{}{end}", vec![row; rows].join(","))
    }
}

pub(crate) fn to_sql(revision: Revision) -> i64 {
    i64::try_from(revision.0).expect("revisions are counted from 1 by this program")
}

pub(crate) fn from_sql(revision: i64) -> Revision {
    Revision(u64::try_from(revision).expect("revisions on disk were written by this program"))
}
