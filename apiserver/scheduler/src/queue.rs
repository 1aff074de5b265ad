//! Which pod is next, and which wait for what: active, backing off, or unschedulable until something helps.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use client::Item;

use crate::{
    plugins::{Event, FILTERS},
    pod::Pod,
};

const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LAST_BACK_OFF: Duration = Duration::from_secs(10);

/// Pods that want a node, by uid.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: HashMap<Box<str>, Waiting>,
    /// Highest priority first, then first come.
    active: BTreeSet<(i32, u64, Box<str>)>,
    backing_off: BTreeSet<(Instant, Box<str>)>,
    /// The unschedulable ones among those who wait.
    stuck: HashSet<Box<str>>,
    counter: u64,
}

struct Waiting {
    pod: Arc<Item<Pod>>,
    attempts: u32,
    place: Place,
}

enum Place {
    Active(u64),
    BackingOff(Instant),
    /// Filters that refused it everywhere; empty: there was no node. May be active again from that instant.
    Unschedulable {
        filters: Vec<&'static str>,
        not_before: Instant,
    },
    /// Taken by [`Queue::pop`].
    Out,
}

impl Queue {
    /// A new pod, or a new state of one: it gets a try at once unless it waits for its back-off or is being bound. A
    /// change of status is none of its own doing and wakes nothing.
    pub(crate) fn add(&mut self, pod: Arc<Item<Pod>>) {
        let uid: Box<str> = pod.uid().into();
        let Some(waiting) = self.waiting.get_mut(&uid) else {
            self.waiting.insert(uid.clone(), Waiting { pod, attempts: 0, place: Place::Out });
            return self.activate(&uid);
        };
        let changed = waiting.pod.metadata.generation != pod.metadata.generation;
        waiting.pod = pod;
        if changed && matches!(waiting.place, Place::Unschedulable { .. }) {
            self.activate(&uid);
        }
    }

    pub(crate) fn remove(&mut self, uid: &str) {
        self.take_out(uid);
        self.waiting.remove(uid);
    }

    /// The next pod to try, with what has finished its back-off.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Arc<Item<Pod>>> {
        while let Some((due, uid)) = self.backing_off.first().filter(|(due, _)| *due <= now).cloned() {
            self.backing_off.remove(&(due, uid.clone()));
            self.activate(&uid);
        }
        let (_, _, uid) = self.active.pop_first()?;
        let waiting = self.waiting.get_mut(&uid)?;
        waiting.place = Place::Out;
        waiting.attempts += 1;
        Some(waiting.pod.clone())
    }

    pub(crate) fn has_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Forgets pods that are not among `pods`.
    pub(crate) fn keep(&mut self, pods: &[Arc<Item<Pod>>]) {
        let there: HashSet<&str> = pods.iter().map(|pod| pod.uid()).collect();
        let gone: Vec<_> = self.waiting.keys().filter(|uid| !there.contains(&***uid)).cloned().collect();
        gone.iter().for_each(|uid| self.remove(uid));
    }

    /// When [`Queue::pop`] has something again that it has not now.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.backing_off.first().map(|(due, _)| *due)
    }

    /// No node took it: it waits for an event that concerns one of `filters`.
    pub(crate) fn unschedulable(&mut self, uid: &str, filters: Vec<&'static str>, now: Instant) {
        if let Some(waiting) = self.waiting.get_mut(uid) {
            let not_before = now + back_off(waiting.attempts);
            waiting.place = Place::Unschedulable { filters, not_before };
            self.stuck.insert(uid.into());
        }
    }

    /// Its binding failed: it is tried again after a while.
    pub(crate) fn retry(&mut self, uid: &str, now: Instant) {
        if let Some(waiting) = self.waiting.get(uid) {
            let due = now + back_off(waiting.attempts);
            self.back_off_until(uid, due);
        }
    }

    /// Wakes the pods that `event` may help.
    pub(crate) fn wake(&mut self, event: Event, now: Instant) {
        let new_node = matches!(event, Event::Node(change) if change.added);
        let helps = |filters: &[&str]| {
            new_node || FILTERS.iter().any(|filter| filters.contains(&filter.name) && (filter.helped_by)(event))
        };
        let woken = self.stuck.iter().filter_map(|uid| match &self.waiting.get(uid)?.place {
            Place::Unschedulable { filters, not_before } if helps(filters) => Some((uid.clone(), *not_before)),
            _ => None,
        });
        let woken: Vec<(Box<str>, Instant)> = woken.collect();
        for (uid, not_before) in woken {
            if not_before <= now {
                self.activate(&uid);
            } else {
                self.back_off_until(&uid, not_before);
            }
        }
    }

    fn activate(&mut self, uid: &str) {
        self.take_out(uid);
        let Some(waiting) = self.waiting.get_mut(uid) else { return };
        self.counter += 1;
        waiting.place = Place::Active(self.counter);
        // highest first, and `i32::MIN` has no opposite
        self.active.insert((!waiting.pod.priority, self.counter, uid.into()));
    }

    fn back_off_until(&mut self, uid: &str, due: Instant) {
        self.take_out(uid);
        if let Some(waiting) = self.waiting.get_mut(uid) {
            waiting.place = Place::BackingOff(due);
            self.backing_off.insert((due, uid.into()));
        }
    }

    fn take_out(&mut self, uid: &str) {
        let Some(waiting) = self.waiting.get_mut(uid) else { return };
        match std::mem::replace(&mut waiting.place, Place::Out) {
            // the priority of a pod cannot change
            Place::Active(number) => {
                self.active.remove(&(!waiting.pod.priority, number, uid.into()));
            }
            Place::BackingOff(due) => {
                self.backing_off.remove(&(due, uid.into()));
            }
            Place::Unschedulable { .. } => {
                self.stuck.remove(uid);
            }
            Place::Out => {}
        }
    }
}

/// A second, doubled with every attempt, ten at most.
fn back_off(attempts: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX)).min(LAST_BACK_OFF)
}

#[cfg(test)]
mod tests;
