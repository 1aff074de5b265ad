//! The store seen from outside: its promises, one file each.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

/// What one handle does, example by example.
mod basics;
/// Old history goes, what is alive stays.
mod compaction;
/// A process killed while it writes loses nothing it acknowledged.
mod crash;
/// A full disk fails the writes it must, and nothing else.
mod full_disk;
/// What the tests write: two kinds whose objects can claim a string.
mod item;
/// The store against a model, with random writes, restarts, lists and watches.
mod model;
