//! Any kind: nothing beyond `metadata`, for garbage collection and the deletion of namespaces.

use api::{Object, object::Meta};

/// What is of interest is in [`crate::Item::metadata`]. Index `dependents`: uids of all owners, not of the controller alone.
/// Index `uid`: its own.
pub struct MetaView {
    owners: Box<[Box<str>]>,
}

impl MetaView {
    pub(crate) fn of(object: &Object) -> Self {
        let metadata = crate::view::metadata(object);
        Self { owners: metadata.owners.into_iter().map(|owner| owner.uid).collect() }
    }

    pub(crate) fn index(&self, meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        let owners = self.owners.iter().map(|uid| ("dependents", uid.clone()));
        owners.chain([("uid", meta.uid.clone())]).collect()
    }

    /// Uids of all owners.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.owners.iter().map(|uid| &**uid)
    }
}
