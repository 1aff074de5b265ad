//! What plugins know of the cluster: the objects that configure them, parsed once per change.

use std::sync::Arc;

use api::{Kind, Revision, kinds};
use parking_lot::RwLock;
use store::{Snapshot, Store};

use super::{
    default_ingress_class,
    limit_ranger::{self, Ranges},
    policies::{self, Policy},
    priority::{self, Class},
    quota::Ledger,
    storage,
    webhooks::{self, Hook},
};
use crate::app::App;

/// One per server.
#[derive(Default)]
pub(crate) struct State {
    mutating_webhooks: Cached<Vec<Hook>>,
    validating_webhooks: Cached<Vec<Hook>>,
    mutating_policies: Cached<Vec<Policy>>,
    validating_policies: Cached<Vec<Policy>>,
    limit_ranges: Cached<Ranges>,
    default_priority: Cached<Option<Class>>,
    default_storage_class: Cached<Option<String>>,
    default_ingress_class: Cached<Option<String>>,
    pub(super) ledger: Arc<Ledger>,
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

    pub(super) fn mutating_policies(app: &App) -> Arc<Vec<Policy>> {
        let kinds = [&kinds::MUTATING_ADMISSION_POLICY, &kinds::MUTATING_ADMISSION_POLICY_BINDING];
        app.admission.mutating_policies.get(&app.store, kinds, policies::all)
    }

    pub(super) fn validating_policies(app: &App) -> Arc<Vec<Policy>> {
        let kinds = [&kinds::VALIDATING_ADMISSION_POLICY, &kinds::VALIDATING_ADMISSION_POLICY_BINDING];
        app.admission.validating_policies.get(&app.store, kinds, policies::all)
    }

    /// By namespace.
    pub(super) fn limit_ranges(app: &App) -> Arc<Ranges> {
        app.admission.limit_ranges.get(&app.store, [&kinds::LIMIT_RANGE], |[ranges]| limit_ranger::all(&ranges))
    }

    pub(super) fn default_priority(app: &App) -> Arc<Option<Class>> {
        app.admission
            .default_priority
            .get(&app.store, [&kinds::PRIORITY_CLASS], |[classes]| priority::default_class(&classes))
    }

    pub(super) fn default_storage_class(app: &App) -> Arc<Option<String>> {
        let cached = &app.admission.default_storage_class;
        cached.get(&app.store, [&kinds::STORAGE_CLASS], |[classes]| storage::default_class(&classes))
    }

    pub(super) fn default_ingress_class(app: &App) -> Arc<Option<String>> {
        let default = |[classes]: [Snapshot; 1]| storage::default_of(&classes, default_ingress_class::ANNOTATION);
        app.admission.default_ingress_class.get(&app.store, [&kinds::INGRESS_CLASS], default)
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
