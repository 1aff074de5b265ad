//! The yardstick of durable writes: a bare loop of batched SQLite transactions, also for the bench of the whole.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// Rows of a transaction.
pub(crate) const WRITERS: usize = 32;

/// What the disk gives: the rows of 32 writers in one transaction, one statement per table, nothing else.
pub(crate) struct Bare {
    connection: SqliteConnection,
    log: Arc<str>,
    object: Arc<str>,
}

impl Bare {
    pub(crate) async fn open(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("SQLite works");
        for table in [
            "CREATE TABLE log (revision INTEGER PRIMARY KEY, resource TEXT NOT NULL, deleted INTEGER NOT NULL,
                previous INTEGER NOT NULL, body BLOB NOT NULL)",
            "CREATE TABLE object (resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                revision INTEGER NOT NULL, PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID",
        ] {
            sqlx::query(table).execute(&mut connection).await.expect("SQLite works");
        }
        let values = |row: &str| vec![row; WRITERS].join(",");
        let log = format!("INSERT INTO log VALUES {}", values("(?,?,?,?,?)"));
        let object = format!("INSERT INTO object VALUES {}", values("(?,?,?,?)"));
        Self { connection, log: log.into(), object: object.into() }
    }

    pub(crate) async fn write(&mut self, rows: Vec<(i64, String, Bytes)>) -> Duration {
        let connection = &mut self.connection;
        let start = Instant::now();
        for rows in rows.chunks(WRITERS) {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.expect("SQLite works");
            let mut query = sqlx::query(AssertSqlSafe(self.log.clone()));
            for (revision, _, body) in rows {
                query = query.bind(revision).bind("items").bind(0).bind(0).bind(&body[..]);
            }
            query.execute(&mut *connection).await.expect("SQLite works");
            let mut query = sqlx::query(AssertSqlSafe(self.object.clone()));
            for (revision, name, _) in rows {
                query = query.bind("items").bind("default").bind(name).bind(revision);
            }
            query.execute(&mut *connection).await.expect("SQLite works");
            sqlx::query("COMMIT").execute(&mut *connection).await.expect("SQLite works");
        }
        start.elapsed()
    }
}
