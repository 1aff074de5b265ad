//! The store seen from outside: its promises, one file each.

/// What one handle does, example by example.
mod basics;
/// What the tests write: a kind with a label, a claim and some weight.
mod item;
