//! Revisions, snapshots and watches over one SQLite file; the only user of sqlx.
