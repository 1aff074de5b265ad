//! Durable creates beside a bare SQLite loop, and how soon fifty watchers see an event beside one `fdatasync`.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{
    api::{Client, post_over},
    bare::Bare,
    process::Process,
    table::{Row, milliseconds, quantile},
};

const CONNECTIONS: usize = 32;
const SLICE: usize = 1_600;
const SLICES: usize = 7;
const WATCHERS: usize = 50;
const EVENTS: usize = 300;

pub(crate) async fn creates() -> Vec<Row> {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(directory.path());
    let mut bare = Bare::open(&directory.path().join("bare.db")).await;
    let mut connections = Client::of(&process.kubeconfig()).connections(CONNECTIONS).await;
    let mut slices = Vec::new();
    // server and loop take turns, so that both see the same machine
    for slice in 0..SLICES {
        let numbers = slice * SLICE + 1..=(slice + 1) * SLICE;
        let rows = numbers.clone().map(|number| (number as i64, format!("item-{number}"), body(number))).collect();
        let loop_rate = SLICE as f64 / bare.write(rows).await.as_secs_f64();
        let began = Instant::now();
        post_over(&mut connections, "/api/v1/namespaces/default/configmaps", numbers.map(body).collect()).await;
        let rate = SLICE as f64 / began.elapsed().as_secs_f64();
        slices.push((rate / loop_rate, rate, loop_rate));
    }
    let (ratio, rate, loop_rate) = quantile(&mut slices, 0.5);
    let row = Row::rate("durable creates, 32 connections", rate, 0.5 * loop_rate, ">= 0.5 x bare SQLite loop");
    vec![row.beside(format!("{loop_rate:.0}/s, ratio {ratio:.2}"))]
}

/// About 2 KB, as the store's own bench writes.
fn body(number: usize) -> Bytes {
    json!({"metadata": {"name": format!("item-{number}")}, "data": {"value": "x".repeat(1850)}}).to_string().into()
}

pub(crate) async fn watch() -> Vec<Row> {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(directory.path());
    let client = Client::of(&process.kubeconfig());
    client.namespace("bench").await;
    let path = "/api/v1/namespaces/bench/configmaps";
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        let mut watch = client.watch(&format!("{path}?watch=1")).await;
        // the CA's ConfigMap is in every namespace
        watch.next().await;
        watchers.push(watch);
    }
    let mut writer = client.connect().await;
    let mut delays = Vec::new();
    let mut syncs = Vec::new();
    for number in 0..EVENTS {
        syncs.push(fdatasync(directory.path()));
        let sent = Instant::now();
        let write = writer.send(Method::POST, path, body(number));
        let reads = futures::future::join_all(watchers.iter_mut().map(|watch| async move {
            watch.next().await;
            sent.elapsed()
        }));
        let (_, seen): (Value, Vec<Duration>) = futures::join!(write, reads);
        delays.extend(seen);
    }
    let (median, slow) = (quantile(&mut delays, 0.5), quantile(&mut delays, 0.99));
    let (sync, slow_sync) = (quantile(&mut syncs, 0.5), quantile(&mut syncs, 0.99));
    let budget = (4 * slow_sync + Duration::from_millis(1)).min(Duration::from_millis(2));
    let row = Row::time("sent to seen by 50 watchers, p99", slow, budget);
    let (sync, slow_sync, median) = (milliseconds(sync), milliseconds(slow_sync), milliseconds(median));
    vec![row.beside(format!("fdatasync p50 {sync}, p99 {slow_sync}; seen p50 {median}"))]
}

/// How long the disk takes for one page.
fn fdatasync(directory: &Path) -> Duration {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(directory.join("sync"));
    let mut file = file.expect("a file");
    file.write_all(&[0; 4096]).expect("a page");
    let began = Instant::now();
    file.sync_data().expect("a disk");
    began.elapsed()
}
