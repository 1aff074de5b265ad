//! What one handle does, example by example.

use std::os::unix::fs::PermissionsExt;

use api::{EventKind, Key, Revision};
use coracle_store::{Closed, Error, Expect, Options, Snapshot, Store};

use crate::item::{GADGET, ITEM, KINDS, draft, open, value_of};

#[tokio::test]
async fn a_write_is_read_watched_and_found_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 100).await;
    let key = Key::new("default", "a");
    let mut watch = store.watch(&ITEM, Revision(0)).unwrap();

    let made = store.create(&ITEM, draft(&ITEM, "a", 1, "")).await.unwrap();
    assert_eq!(made.revision, Revision(1));
    assert_eq!(made.value()["metadata"]["resourceVersion"], "1");
    let changed = store.update(&ITEM, draft(&ITEM, "a", 2, ""), Expect::default()).await.unwrap();
    assert_eq!(store.get(&ITEM, &key).unwrap().bytes, changed.bytes);
    let gone = store.delete(&ITEM, &key, Expect::default(), None).await.unwrap();
    assert_eq!(gone.value()["metadata"]["resourceVersion"], "3");
    assert!(store.get(&ITEM, &key).is_none());

    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(watch.next().await.unwrap());
    }
    let kinds: Vec<_> = seen.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Added, EventKind::Modified, EventKind::Deleted]);
    assert_eq!(value_of(seen[1].previous.as_ref().unwrap()), 1);
    assert_eq!(value_of(&seen[2].object), 2);
    store.close().await;
    assert!(matches!(watch.next().await, Err(Closed::Stopped)));
    drop(watch);

    let store = open(dir.path(), 100).await;
    assert_eq!(store.revision(), Revision(3));
    let again = store.watch(&ITEM, Revision(1)).unwrap().next().await.unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!(again[0].object.bytes, changed.bytes);
    assert_eq!(value_of(again[0].previous.as_ref().unwrap()), 1);
    assert_eq!(again[1].object.bytes, gone.bytes);
    store.close().await;
}

#[tokio::test]
async fn preconditions_hold() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 100).await;
    let key = Key::new("default", "a");
    let expect = |revision: u64| Expect { revision: Some(Revision(revision)), uid: None };
    let missing = store.update(&ITEM, draft(&ITEM, "a", 1, ""), Expect::default()).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    store.create(&ITEM, draft(&ITEM, "a", 1, "")).await.unwrap();
    let twice = store.create(&ITEM, draft(&ITEM, "a", 1, "")).await;
    assert!(matches!(twice, Err(Error::AlreadyExists { .. })));
    let stale = store.update(&ITEM, draft(&ITEM, "a", 2, ""), expect(7)).await;
    assert!(matches!(stale, Err(Error::Conflict { current: Revision(1), .. })));
    let other = Expect { revision: None, uid: Some("other".into()) };
    assert!(matches!(store.delete(&ITEM, &key, other, None).await, Err(Error::UidMismatch { .. })));
    store.update(&ITEM, draft(&ITEM, "a", 2, ""), expect(1)).await.unwrap();
    // what is there already is not written again
    let same = store.update(&ITEM, draft(&ITEM, "a", 2, ""), Expect::default()).await.unwrap();
    assert_eq!((same.revision, store.revision()), (Revision(2), Revision(2)));
    store.close().await;
}

#[tokio::test]
async fn a_claim_is_held_once_across_kinds_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 100).await;
    store.create(&ITEM, draft(&ITEM, "a", 1, "ip/1")).await.unwrap();
    let taken = store.create(&GADGET, draft(&GADGET, "b", 1, "ip/1")).await;
    assert!(matches!(taken, Err(Error::Claimed { by, .. }) if &*by.name == "a"));
    store.close().await;

    let store = open(dir.path(), 100).await;
    assert!(store.claimed("ip/1"));
    // moves to another claim, which frees the first
    store.update(&ITEM, draft(&ITEM, "a", 1, "ip/2"), Expect::default()).await.unwrap();
    assert!(!store.claimed("ip/1"));
    store.create(&GADGET, draft(&GADGET, "b", 1, "ip/1")).await.unwrap();
    store.delete(&ITEM, &Key::new("default", "a"), Expect::default(), None).await.unwrap();
    assert!(!store.claimed("ip/2") && store.claimed("ip/1"));
    store.close().await;
}

#[tokio::test]
async fn a_directory_has_one_store_and_its_file_one_reader() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 100).await;
    let second = Store::open(dir.path(), &KINDS, Options::default()).await;
    assert!(matches!(second, Err(Error::Locked { pid, .. }) if pid == std::process::id()));
    for name in ["state.db", "state.db-wal", "lock"] {
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    store.close().await;
    open(dir.path(), 100).await.close().await;
}

#[tokio::test]
async fn a_list_is_continued_at_its_revision() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 10).await;
    for name in ["a", "b", "c"] {
        store.create(&ITEM, draft(&ITEM, name, 1, "")).await.unwrap();
    }
    let first = store.snapshot(&ITEM);
    store.delete(&ITEM, &Key::new("default", "b"), Expect::default(), None).await.unwrap();
    store.update(&ITEM, draft(&ITEM, "c", 2, ""), Expect::default()).await.unwrap();
    store.create(&ITEM, draft(&ITEM, "d", 1, "")).await.unwrap();
    let bytes = |snapshot: &Snapshot| snapshot.iter_from(None).map(|o| o.bytes.clone()).collect::<Vec<_>>();
    assert_eq!(bytes(&store.snapshot_at(&ITEM, first.revision()).unwrap()), bytes(&first));
    assert!(matches!(store.snapshot_at(&ITEM, Revision(99)), Err(Error::Future { current: Revision(6) })));

    // beyond the ring: the one asked for before is kept, another is gone
    for value in 2..20 {
        store.update(&ITEM, draft(&ITEM, "a", value, ""), Expect::default()).await.unwrap();
    }
    assert_eq!(bytes(&store.snapshot_at(&ITEM, first.revision()).unwrap()), bytes(&first));
    assert!(matches!(store.snapshot_at(&ITEM, Revision(4)), Err(Error::Compacted { .. })));
    store.close().await;
}

#[tokio::test]
async fn progress_follows_other_kinds() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 10).await;
    store.create(&ITEM, draft(&ITEM, "a", 1, "")).await.unwrap();
    let mut watch = store.watch(&ITEM, Revision(0)).unwrap();
    store.create(&GADGET, draft(&GADGET, "a", 1, "")).await.unwrap();
    assert_eq!(watch.progress(), Revision(0));
    assert_eq!(watch.next().await.unwrap().len(), 1);
    assert_eq!(watch.progress(), Revision(2));
    store.settled(Revision(2)).await.unwrap();
    store.close().await;
}
