//! Old history goes, what is alive stays.

use std::{path::Path, time::Duration};

use api::{Key, Revision};
use coracle_store::{Error, Expect, Options, Store};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::item::{ITEM, KINDS, draft, open, value_of};

/// Rows in the log of a store that is closed.
async fn rows(dir: &Path) -> i64 {
    let options = SqliteConnectOptions::new().filename(dir.join("state.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM log").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_lease_that_is_renewed_leaves_one_row() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { history: 8, retention: Duration::from_millis(100) };
    let store = Store::open(dir.path(), &KINDS, options).await.unwrap();
    store.create(&ITEM, draft(&ITEM, "kept", 7, "port/1")).await.unwrap();
    store.create(&ITEM, draft(&ITEM, "lease", 0, "")).await.unwrap();
    store.create(&ITEM, draft(&ITEM, "gone", 0, "")).await.unwrap();
    for value in 1..=1_200 {
        store.update(&ITEM, draft(&ITEM, "lease", value, ""), Expect::default()).await.unwrap();
    }
    // the newest revision belongs to something that is gone
    store.delete(&ITEM, &Key::new("default", "gone"), Expect::default(), None).await.unwrap();
    let newest = store.revision();
    let compacted = async {
        while !matches!(store.watch(&ITEM, Revision(newest.0 - 1)), Err(Error::Compacted { .. })) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // the target is announced before the last step towards it is done
        tokio::time::sleep(Duration::from_millis(400)).await;
    };
    tokio::time::timeout(Duration::from_secs(20), compacted).await.expect("compaction reaches the newest revision");
    assert!(matches!(store.snapshot_at(&ITEM, Revision(5)), Err(Error::Compacted { .. })));
    store.close().await;
    assert_eq!(rows(dir.path()).await, 2);

    let store = open(dir.path(), 8).await;
    assert_eq!(store.revision(), newest);
    assert!(matches!(store.watch(&ITEM, Revision(5)), Err(Error::Compacted { .. })));
    let values: Vec<_> = store.snapshot(&ITEM).iter_from(None).map(|object| value_of(object)).collect();
    assert_eq!(values, [7, 1_200]);
    assert!(store.claimed("port/1"));
    let next = store.create(&ITEM, draft(&ITEM, "next", 1, "")).await.unwrap();
    assert_eq!(next.revision.0, newest.0 + 1);
    store.close().await;
}
