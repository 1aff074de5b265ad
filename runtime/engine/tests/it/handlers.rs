//! Handlers: requests in, responses out, traps, limits, endings.
use crate::harness::{HANDLER, PATIENCE, Running, Setup, engine, engine_with, request, text};
use bytes::Bytes;
use engine::{Body, Reason};
use futures::StreamExt;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

async fn handler() -> Running {
    Setup::default().start(&engine(), HANDLER).await
}

#[tokio::test]
async fn instances_are_reused_one_request_at_a_time() {
    let handler = handler().await;
    assert_eq!(handler.get("/").await, (200, "hello".to_owned()));
    let mut most = 0;
    for _ in 0..20 {
        most = most.max(handler.get("/seen").await.1.parse::<u32>().unwrap());
    }
    // an instance that is just ending its last request may leave the next one to a second
    assert!(most > 5, "{most}");
    let sleepers = (0..5).map(|_| handler.get("/sleep?100"));
    let begun = Instant::now();
    futures::future::join_all(sleepers).await;
    assert!(begun.elapsed() < Duration::from_millis(450), "they waited side by side, on one thread");
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let handler = handler().await;
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let frames = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|bytes| (Ok(http_body::Frame::data(bytes)), receiver))
    });
    let body: Body = BodyExt::boxed_unsync(StreamBody::new(frames));
    let request = Request::post("/echo").header("host", "test").body(body).unwrap();
    let response = tokio::time::timeout(PATIENCE, handler.guest.handle(request)).await.expect("it answers before the end");
    let mut back = response.into_body().into_data_stream();
    for n in 0..50u8 {
        sender.send(Bytes::from(vec![n; 3000])).await.unwrap();
        let mut got = 0;
        while got < 3000 {
            let bytes = back.next().await.unwrap().unwrap();
            assert!(bytes.iter().all(|byte| *byte == n));
            got += bytes.len();
        }
    }
    drop(sender);
    assert!(back.next().await.is_none());
}

#[tokio::test]
async fn environment_and_output() {
    let setup = Setup { env: vec![("NAME", "coracle")], ..Setup::default() };
    let handler = setup.start(&engine(), HANDLER).await;
    assert_eq!(handler.get("/env?NAME").await.1, "coracle");
    assert_eq!(handler.get("/env?PATH").await.1, "");
    assert_eq!(handler.stdout.text(), "asked for NAME\nasked for PATH\n");
}

#[tokio::test]
async fn five_traps_in_a_row_end_the_container() {
    let handler = handler().await;
    for _ in 0..4 {
        assert_eq!(handler.get("/trap").await.0, 502);
    }
    assert_eq!(handler.get("/").await.0, 200, "a success resets the count");
    for _ in 0..4 {
        assert_eq!(handler.get("/trap").await.0, 502);
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), handler.guest.exited()).await.is_err());
    assert_eq!(handler.get("/trap").await.0, 502, "the last one too is answered as what it is");
    let exit = handler.exited().await;
    assert_eq!((exit.code, exit.reason), (134, Reason::Error));
    assert!(exit.message.contains("unreachable") && exit.message.contains("backtrace"), "{}", exit.message);
    assert_eq!(handler.get("/").await.0, 503);
    assert_eq!(handler.guest.usage().memory_bytes, 0);
}

#[tokio::test]
async fn a_trap_takes_its_instance_with_it() {
    let handler = handler().await;
    for _ in 0..3 {
        assert_eq!(handler.get("/trap").await.0, 502);
        assert_eq!(handler.get("/seen").await.1, "1");
        tokio::time::sleep(Duration::from_millis(20)).await; // it is idle again: the next trap is its own
    }
    let response = handler.guest.handle(request("/late-trap", "")).await;
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.is_err(), "a body that was not finished does not look whole");
    assert_eq!(handler.get("/silent").await.0, 502);
}

#[tokio::test]
async fn a_spinning_handler_does_not_starve_another() {
    let engine = engine_with(1, 20);
    let (spinning, good) = (Setup::default().start(&engine, HANDLER).await, Setup::default().start(&engine, HANDLER).await);
    let stuck = spinning.guest.clone();
    let stuck = tokio::spawn(async move { stuck.handle(request("/spin", "")).await.status() });
    good.get("/").await;
    let mut worst = Duration::ZERO;
    for _ in 0..50 {
        let begun = Instant::now();
        assert_eq!(good.get("/").await.0, 200);
        worst = worst.max(begun.elapsed());
    }
    assert!(worst < Duration::from_millis(500), "{worst:?}");
    assert_eq!(spinning.get("/").await.0, 200, "nor its own other requests");
    spinning.guest.kill();
    assert_eq!(spinning.exited().await.code, 137);
    assert_eq!(stuck.await.unwrap(), 503);
}

#[tokio::test]
async fn beyond_the_memory_limit_the_container_ends() {
    let setup = Setup { memory_limit: Some(10 << 20), ..Setup::default() };
    let handler = setup.start(&engine(), HANDLER).await;
    assert_eq!(handler.get("/allocate?2000000").await, (200, "2000000".to_owned()));
    assert!(handler.get("/allocate?20000000").await.0 >= 500);
    let exit = handler.exited().await;
    assert_eq!((exit.code, exit.reason), (137, Reason::OomKilled));
}

#[tokio::test]
async fn load_alone_does_not_exceed_the_memory_limit() {
    let setup = Setup { memory_limit: Some(3 << 20), ..Setup::default() };
    let handler = setup.start(&engine(), HANDLER).await;
    handler.get("/").await; // its size is known from the first
    let answers = futures::future::join_all((0..10).map(|_| handler.get("/sleep?10"))).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
}

#[tokio::test]
async fn drain_waits_for_what_is_here_and_only_for_that() {
    let handler = Arc::new(handler().await);
    handler.get("/").await;
    let slow = tokio::spawn({
        let handler = handler.clone();
        async move { handler.get("/sleep?200").await.0 }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let draining = tokio::spawn({
        let handler = handler.clone();
        async move { handler.guest.drain().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!draining.is_finished());
    let late = tokio::spawn({
        let handler = handler.clone();
        async move { handler.get("/sleep?60000").await.0 }
    });
    tokio::time::timeout(Duration::from_secs(5), draining).await.expect("late ones are not waited for").unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), slow).await.unwrap().unwrap(), 200);
    handler.guest.kill();
    assert_eq!(late.await.unwrap(), 503);
}

#[tokio::test]
async fn when_too_many_wait_they_are_told() {
    let handler = handler().await;
    let guest = handler.guest.clone();
    let all = (0..1200).map(|_| guest.handle(request("/sleep?30000", "")));
    let mut all: futures::stream::FuturesUnordered<_> = all.collect();
    let first = tokio::time::timeout(PATIENCE, all.next()).await.expect("those beyond the bound do not wait").unwrap();
    assert_eq!(first.status(), 503);
    assert_eq!(text(first).await, "too many requests wait");
    handler.guest.kill();
}
