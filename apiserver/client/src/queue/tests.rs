//! What the queue promises.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_key_waits_once() {
    let queue = Queue::new();
    queue.add("a");
    queue.add("a");
    assert_eq!(queue.next().await, "a");
    queue.done(&"a");
    assert!(timeout(SOON, queue.next()).await.is_err());
}

#[tokio::test]
async fn a_key_is_never_worked_on_twice_at_once() {
    let queue = Queue::new();
    queue.add("a");
    assert_eq!(queue.next().await, "a");
    queue.add("a");
    assert!(timeout(SOON, queue.next()).await.is_err());
    queue.done(&"a");
    assert_eq!(timeout(SOON, queue.next()).await, Ok("a"));
}

#[tokio::test]
async fn the_soonest_delay_counts() {
    let queue = Queue::new();
    queue.add_after("a", Duration::from_secs(60));
    queue.add_after("a", Duration::from_millis(5));
    queue.add_after("a", Duration::from_secs(60));
    assert_eq!(timeout(Duration::from_secs(5), queue.next()).await, Ok("a"));
    queue.done(&"a");
    assert!(timeout(SOON, queue.next()).await.is_err());
}

#[tokio::test]
async fn a_delay_is_kept_although_the_worker_that_heard_of_it_is_busy() {
    let queue = Arc::new(Queue::new());
    let idle = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next().await }
    });
    tokio::task::yield_now().await;
    queue.add_after("late", Duration::from_millis(10));
    queue.add("now");
    // whoever of the two takes `now`, the other must wake for `late`
    let mut both = [queue.next().await, timeout(Duration::from_secs(5), idle).await.unwrap().unwrap()];
    both.sort_unstable();
    assert_eq!(both, ["late", "now"]);
}

#[test]
fn failures_wait_longer_and_longer_up_to_the_limit() {
    assert_eq!(back_off(0), Duration::from_millis(5));
    assert_eq!(back_off(3), Duration::from_millis(40));
    assert_eq!(back_off(18), Duration::from_secs(1000));
    assert_eq!(back_off(4_000_000), Duration::from_secs(1000));
}

#[tokio::test]
async fn success_forgets_failures() {
    let queue = Queue::new();
    for _ in 0..6 {
        queue.retry("a");
    }
    queue.forget(&"a");
    assert!(queue.retry("a") < Duration::from_millis(10));
}
