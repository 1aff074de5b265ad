//! What plugins know of the cluster: the objects that configure them, parsed once per change.

use std::sync::Arc;

use api::{Kind, Revision, kinds};
use parking_lot::RwLock;
use store::{Snapshot, Store};

use super::webhooks::{self, Hook};
use crate::app::App;

/// One per server.
#[derive(Default)]
pub(crate) struct State {
    mutating_webhooks: Cached<Vec<Hook>>,
    validating_webhooks: Cached<Vec<Hook>>,
}

impl State {
    pub(super) fn mutating_webhooks(app: &App) -> Arc<Vec<Hook>> {
        let kinds = [&kinds::MUTATING_WEBHOOK_CONFIGURATION];
        app.admission.mutating_webhooks.get(&app.store, kinds, |[configurations]| webhooks::all(&configurations))
    }

    pub(super) fn validating_webhooks(app: &App) -> Arc<Vec<Hook>> {
        let kinds = [&kinds::VALIDATING_WEBHOOK_CONFIGURATION];
        app.admission.validating_webhooks.get(&app.store, kinds, |[configurations]| webhooks::all(&configurations))
    }
}

/// What was made of all objects of some kinds. Made again when one of them changed since.
pub(crate) struct Cached<T>(RwLock<Option<(Revision, Arc<T>)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<T> Cached<T> {
    /// What `make` makes of the objects of `kinds` as they are now. A write that was answered is seen.
    pub(crate) fn get<const N: usize>(
        &self,
        store: &Store,
        kinds: [&'static Kind; N],
        make: impl FnOnce([Snapshot; N]) -> T,
    ) -> Arc<T> {
        // Read before the snapshots: what changes in between is made again at the next look.
        let changed = kinds.iter().map(|kind| store.changed(kind)).max().unwrap_or_default();
        if let Some((_, made)) = self.0.read().as_ref().filter(|(at, _)| *at == changed) {
            return made.clone();
        }
        let made = Arc::new(make(kinds.map(|kind| store.snapshot(kind))));
        *self.0.write() = Some((changed, made.clone()));
        made
    }
}
