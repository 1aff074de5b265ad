//! Durable creates: 32 writers of 2 KB objects through the store, against a bare loop of batched SQLite transactions.
#![expect(clippy::print_stdout, reason = "a bench talks on stdout")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot work has nothing to say")]

mod bare;

use std::time::{Duration, Instant};

use api::{Draft, Kind, Revision, kind::Version};
use bare::{Bare, WRITERS};
use bytes::Bytes;
use coracle_store::{Options, Store};
use serde_json::json;

/// Objects of a slice. Store and loop take turns, slice by slice, so that both see the same machine.
const SLICE: usize = 1_600;
const SLICES: usize = 15;

static ITEM: Kind = Kind { kind: "Item", plural: "items", versions: &[Version::hub("", "v1", "")], ..Kind::NAMESPACED };

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let mut bare = Bare::open(&dir.path().join("bare.db")).await;
    let store = Store::open(&dir.path().join("store"), &[&ITEM], Options::default()).await.unwrap();
    let mut slices = Vec::new();
    for slice in 0..SLICES {
        let numbers = slice * SLICE + 1..=(slice + 1) * SLICE;
        let loop_rate = rate(bare.write(numbers.clone().map(row).collect()).await);
        let store_rate = rate(through_store(&store, numbers.map(draft).collect()).await);
        slices.push((store_rate / loop_rate, store_rate, loop_rate));
    }
    store.close().await;
    slices.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (low, median, high) = (slices[SLICES / 4], slices[SLICES / 2], slices[SLICES - 1 - SLICES / 4]);
    println!("durable creates/s: store {:.0}, bare loop {:.0}, ratio {:.2}", median.1, median.2, median.0);
    println!("half of {SLICES} slices between {:.2} and {:.2}", low.0, high.0);
}

fn rate(elapsed: Duration) -> f64 {
    SLICE as f64 / elapsed.as_secs_f64()
}

fn draft(number: usize) -> Draft {
    let metadata = json!({"namespace": "default", "name": format!("item-{number}"), "uid": format!("uid-{number}")});
    Draft::new(&ITEM, json!({"metadata": metadata, "data": {"value": "x".repeat(1850)}}))
}

fn row(number: usize) -> (i64, String, Bytes) {
    let body = draft(number).commit(Revision(number as u64)).bytes;
    (i64::try_from(number).unwrap(), format!("item-{number}"), body)
}

async fn through_store(store: &Store, drafts: Vec<Draft>) -> Duration {
    let mut shares: Vec<Vec<Draft>> = vec![Vec::new(); WRITERS];
    drafts.into_iter().enumerate().for_each(|(n, draft)| shares[n % WRITERS].push(draft));
    let start = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for drafts in shares {
        let store = store.clone();
        writers.spawn(async move {
            for draft in drafts {
                store.create(&ITEM, draft).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    start.elapsed()
}
