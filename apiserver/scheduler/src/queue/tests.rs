//! Who is next, and what wakes whom.

use api::{Draft, Revision};
use client::{Metadata, View};
use serde_json::json;

use super::*;
use crate::cache::NodeChange;

fn pod(name: &str, priority: i32, generation: i64) -> Arc<Item<Pod>> {
    let value = json!({
        "metadata": { "name": name, "namespace": "default", "uid": name, "generation": generation },
        "spec": { "priority": priority },
    });
    let object = Arc::new(Draft::new(&api::kinds::POD, value).commit(Revision(1)));
    let metadata = Metadata { generation, ..Metadata::default() };
    Arc::new(Item { view: Pod::of(&object), object, metadata })
}

fn next(queue: &mut Queue, now: Instant) -> Option<String> {
    queue.pop(now).map(|pod| pod.name().to_owned())
}

#[test]
fn priority_goes_first_then_age() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    for (name, priority) in [("old", 0), ("young", 0), ("urgent", 100), ("idle", i32::MIN)] {
        queue.add(pod(name, priority, 1));
    }
    let order: Vec<_> = std::iter::from_fn(|| next(&mut queue, now)).collect();
    assert_eq!(order, ["urgent", "old", "young", "idle"]);
}

#[test]
fn only_what_can_help_wakes_a_pod_and_not_before_its_back_off() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    queue.add(pod("a", 0, 1));
    queue.pop(now).unwrap();
    queue.unschedulable("a", vec!["NodeResourcesFit"], now);
    let labels = NodeChange { labels: true, ..NodeChange::default() };
    queue.wake(Event::Node(labels), now);
    assert_eq!(queue.next_due(), None);
    queue.wake(Event::Freed, now);
    assert_eq!(next(&mut queue, now), None);
    assert_eq!(queue.next_due(), Some(now + FIRST_BACK_OFF));
    assert_eq!(next(&mut queue, now + FIRST_BACK_OFF).as_deref(), Some("a"));
}

#[test]
fn a_new_node_wakes_everybody() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    queue.add(pod("a", 0, 1));
    queue.pop(now).unwrap();
    queue.unschedulable("a", Vec::new(), now);
    let later = now + LAST_BACK_OFF;
    queue.wake(Event::Node(NodeChange { added: true, ..NodeChange::default() }), later);
    assert_eq!(next(&mut queue, later).as_deref(), Some("a"));
}

#[test]
fn a_change_of_the_spec_wakes_the_pod_and_one_of_the_status_does_not() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    queue.add(pod("a", 0, 1));
    queue.pop(now).unwrap();
    queue.add(pod("a", 0, 1));
    assert_eq!(next(&mut queue, now), None, "it is being bound");
    queue.unschedulable("a", vec!["NodeAffinity"], now);
    queue.add(pod("a", 0, 1));
    assert_eq!(next(&mut queue, now), None);
    queue.add(pod("a", 0, 2));
    assert_eq!(next(&mut queue, now).as_deref(), Some("a"));
}

#[test]
fn a_pod_that_is_gone_is_nowhere() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    queue.add(pod("a", 0, 1));
    queue.remove("a");
    assert_eq!(next(&mut queue, now), None);
    queue.retry("a", now);
    assert_eq!(queue.next_due(), None);
}

#[test]
fn back_off_doubles_up_to_ten_seconds() {
    assert_eq!([1, 2, 3, 4, 5, 500].map(back_off).map(|delay| delay.as_secs()), [1, 2, 4, 8, 10, 10]);
}
