//! A deduplicating work queue: a key waits at most once, is worked on at most once at a time, and failing keys wait longer.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    hash::Hash,
    time::Duration,
};

use parking_lot::Mutex;
use rand::RngExt;
use tokio::{sync::Notify, time::Instant};

const FIRST_DELAY: Duration = Duration::from_millis(5);
const LAST_DELAY: Duration = Duration::from_secs(1000);

/// Bounded by the number of distinct keys.
pub struct Queue<K> {
    state: Mutex<State<K>>,
    /// One permit is enough: whoever takes a key wakes the next if something is left.
    changed: Notify,
}

struct State<K> {
    ready: VecDeque<K>,
    /// In `ready`, or added again while being worked on.
    dirty: HashSet<K>,
    working: HashSet<K>,
    failures: HashMap<K, u32>,
    /// By due time; the number tells keys of one instant apart.
    delayed: BTreeMap<(Instant, u64), K>,
    due: HashMap<K, (Instant, u64)>,
    counter: u64,
}

impl<K: Clone + Eq + Hash> Queue<K> {
    pub fn new() -> Self {
        let state = State {
            ready: VecDeque::new(),
            dirty: HashSet::new(),
            working: HashSet::new(),
            failures: HashMap::new(),
            delayed: BTreeMap::new(),
            due: HashMap::new(),
            counter: 0,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// `key` wants work. If it is being worked on, it comes again after that.
    pub fn add(&self, key: K) {
        if self.state.lock().add(key) {
            self.changed.notify_one();
        }
    }

    /// Like [`Queue::add`], later. Of several delays for one key the soonest counts.
    pub fn add_after(&self, key: K, delay: Duration) {
        if delay.is_zero() {
            return self.add(key);
        }
        let mut state = self.state.lock();
        let at = Instant::now() + delay;
        match state.due.get(&key) {
            Some((due, _)) if *due <= at => return,
            Some(later) => {
                let later = *later;
                state.delayed.remove(&later);
            }
            None => {}
        }
        state.counter += 1;
        let at = (at, state.counter);
        state.due.insert(key.clone(), at);
        state.delayed.insert(at, key);
        drop(state);
        self.changed.notify_one();
    }

    /// Adds `key` again after a time that grows with its failures in a row, and says how long.
    pub fn retry(&self, key: K) -> Duration {
        let failures = {
            let mut state = self.state.lock();
            let failures = state.failures.entry(key.clone()).or_default();
            *failures += 1;
            *failures - 1
        };
        let delay = back_off(failures).mul_f64(rand::rng().random_range(1.0..1.2));
        self.add_after(key, delay);
        delay
    }

    /// `key` succeeded: its next failure waits shortly again.
    pub fn forget(&self, key: &K) {
        self.state.lock().failures.remove(key);
    }

    /// Waits for a key; it must be given back with [`Queue::done`].
    pub async fn next(&self) -> K {
        loop {
            let changed = self.changed.notified();
            let due = {
                let mut state = self.state.lock();
                state.move_due(Instant::now());
                if let Some(key) = state.take() {
                    if !state.ready.is_empty() || !state.delayed.is_empty() {
                        self.changed.notify_one();
                    }
                    return key;
                }
                state.delayed.first_key_value().map(|((due, _), _)| *due)
            };
            match due {
                None => changed.await,
                Some(due) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }

    pub fn done(&self, key: &K) {
        let mut state = self.state.lock();
        state.working.remove(key);
        if state.dirty.contains(key) {
            state.ready.push_back(key.clone());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Keys that wait for a worker now.
    pub fn len(&self) -> usize {
        self.state.lock().ready.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Clone + Eq + Hash> Default for Queue<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash> State<K> {
    /// True if a worker should look.
    fn add(&mut self, key: K) -> bool {
        if !self.dirty.insert(key.clone()) || self.working.contains(&key) {
            return false;
        }
        self.ready.push_back(key);
        true
    }

    fn take(&mut self) -> Option<K> {
        let key = self.ready.pop_front()?;
        self.dirty.remove(&key);
        self.working.insert(key.clone());
        Some(key)
    }

    fn move_due(&mut self, now: Instant) {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let key = entry.remove();
            self.due.remove(&key);
            self.add(key);
        }
    }
}

/// 5 ms, doubled with every failure, 1000 s at most.
fn back_off(failures: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(LAST_DELAY)
}

#[cfg(test)]
mod tests;
