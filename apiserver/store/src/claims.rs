//! Who holds what may be held once in the cluster: addresses, ports.

use std::collections::{HashMap, hash_map::Entry};

use api::Key;

use crate::memory::ResourceId;

/// The object that holds a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) resource: ResourceId,
    pub(crate) key: Key,
}

/// Committed claims and those of the batch in flight; the latter can be taken back.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: HashMap<Box<str>, Owner>,
    /// What the batch in flight changed, in order: the claim and who held it before.
    undo: Vec<(Box<str>, Option<Owner>)>,
}

impl Claims {
    pub(crate) fn is_held(&self, claim: &str) -> bool {
        self.held.contains_key(claim)
    }

    /// The first of `wanted` that somebody else than `owner` holds, and who.
    pub(crate) fn refused<'a>(&'a self, wanted: &'a [Box<str>], owner: &Owner) -> Option<(&'a str, &'a Owner)> {
        wanted.iter().find_map(|claim| {
            let by = self.held.get(claim)?;
            (by != owner).then_some((&**claim, by))
        })
    }

    /// Lets `owner` hold `new` instead of `old`. The caller has asked [`Claims::refused`].
    pub(crate) fn replace(&mut self, owner: &Owner, old: &[Box<str>], new: &[Box<str>]) {
        for claim in old.iter().filter(|claim| !new.contains(claim)) {
            if let Some(before) = self.held.remove(claim) {
                self.undo.push((claim.clone(), Some(before)));
            }
        }
        for claim in new {
            if let Entry::Vacant(free) = self.held.entry(claim.clone()) {
                free.insert(owner.clone());
                self.undo.push((claim.clone(), None));
            }
        }
    }

    /// The batch in flight is on disk.
    pub(crate) fn committed(&mut self) {
        self.undo.clear();
    }

    /// The batch in flight failed.
    pub(crate) fn rolled_back(&mut self) {
        for (claim, before) in self.undo.drain(..).rev() {
            match before {
                Some(owner) => self.held.insert(claim, owner),
                None => self.held.remove(&claim),
            };
        }
    }
}
