//! A subscriber's bounded buffer: whoever reads too slowly is told so, not waited for.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Change;

/// Changes kept for a subscriber that is behind.
const CAPACITY: usize = 4096;

/// What a subscriber reads.
pub enum Message<V> {
    Change(Change<V>),
    /// Changes were lost: forget what you derived and read the whole informer now. What follows came later, or is
    /// already in what you read.
    Resync,
}

/// The receiving end. Dropping it ends the subscription.
pub struct Changes<V> {
    buffer: Arc<Buffer<V>>,
}

pub(super) struct Sender<V> {
    buffer: Arc<Buffer<V>>,
}

struct Buffer<V> {
    state: Mutex<State<V>>,
    changed: Notify,
}

struct State<V> {
    changes: VecDeque<Change<V>>,
    lost: bool,
    /// One of the two ends is gone.
    closed: bool,
}

pub(super) fn buffer<V>() -> (Sender<V>, Changes<V>) {
    let state = State { changes: VecDeque::new(), lost: false, closed: false };
    let buffer = Arc::new(Buffer { state: Mutex::new(state), changed: Notify::new() });
    (Sender { buffer: buffer.clone() }, Changes { buffer })
}

impl<V> Sender<V> {
    /// False when nobody listens any more.
    pub(super) fn send(&mut self, change: &Change<V>) -> bool {
        let mut state = self.buffer.state.lock();
        if state.closed {
            return false;
        }
        if state.changes.len() == CAPACITY {
            // all of it, not the oldest: the reader starts anew, and the objects held here are freed
            state.changes = VecDeque::new();
            state.lost = true;
        }
        state.changes.push_back(change.clone());
        drop(state);
        self.buffer.changed.notify_one();
        true
    }
}

impl<V> Changes<V> {
    /// The next message; None when the Cluster was shut down and everything was read.
    pub async fn next(&mut self) -> Option<Message<V>> {
        loop {
            {
                let mut state = self.buffer.state.lock();
                if std::mem::take(&mut state.lost) {
                    return Some(Message::Resync);
                }
                if let Some(change) = state.changes.pop_front() {
                    return Some(Message::Change(change));
                }
                if state.closed {
                    return None;
                }
            }
            self.buffer.changed.notified().await;
        }
    }
}

impl<V> Drop for Changes<V> {
    fn drop(&mut self) {
        let mut state = self.buffer.state.lock();
        state.closed = true;
        state.changes = VecDeque::new();
    }
}

impl<V> Drop for Sender<V> {
    fn drop(&mut self) {
        self.buffer.state.lock().closed = true;
        self.buffer.changed.notify_one();
    }
}
