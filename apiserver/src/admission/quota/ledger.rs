//! What every quota's namespace holds. Kept up with the store by its own events, at the moment somebody asks: so what was
//! committed is counted, and what is on its way is reserved. `status.used` is for people; nobody is admitted by it.

use std::{collections::HashMap, sync::Arc};

use api::{
    Event, EventKind, Key, Kind, Object, Revision, kinds,
    quota::{self, Quota, Usage},
};
use futures::FutureExt;
use parking_lot::Mutex;
use serde_json::Value;
use store::{Store, Watch};

/// One per server.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Books>);

#[derive(Default)]
struct Books {
    /// The last change of quotas that is known here.
    quotas: Revision,
    namespaces: HashMap<Box<str>, Vec<Account>>,
    feeds: HashMap<Resource, Watch>,
    reservations: Vec<Reserved>,
    next: u64,
}

/// Group and plural: a kind made anew at run time is still the same resource.
type Resource = (&'static str, &'static str);

/// A quota, and what is used of it.
struct Account {
    uid: Box<str>,
    quota: Quota,
    objects: HashMap<(Resource, Box<str>), Usage>,
    total: Usage,
    /// Of these every object is counted.
    loaded: Vec<Resource>,
}

/// What a write that is under way will use.
struct Reserved {
    id: u64,
    resource: Resource,
    key: Key,
    quota: Box<str>,
    usage: Usage,
}

/// Frees what was reserved when it is dropped: by then the write is counted, or did not happen.
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    id: u64,
}

/// Whether there is any quota at all.
pub(super) fn any(store: &Store) -> bool {
    !store.snapshot(&kinds::RESOURCE_QUOTA).is_empty()
}

impl Ledger {
    /// Reserves what the object uses, beyond what `old` did, of every quota that is about it.
    ///
    /// # Errors
    /// In upstream's words (`staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go`).
    pub(super) fn reserve(
        this: &Arc<Self>,
        store: &Store,
        kind: &'static Kind,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<Option<Reservation>, String> {
        let key = Key::new(
            object["metadata"]["namespace"].as_str().unwrap_or_default(),
            object["metadata"]["name"].as_str().unwrap_or_default(),
        );
        let mut books = this.0.lock();
        books.read_quotas(store);
        let Some(accounts) = books.namespaces.get(&key.namespace) else { return Ok(None) };
        let mut wanted: Vec<(Box<str>, Usage)> = Vec::new();
        for account in accounts.iter().filter(|account| account.quota.covers(kind, object)) {
            if let Some(why) = account.quota.unspecified(kind, object) {
                return Err(format!("failed quota: {}: {why}", account.quota.name));
            }
            let mut usage = account.quota.usage(kind, object);
            if let Some(old) = old.filter(|old| account.quota.covers(kind, old)) {
                quota::subtract(&mut usage, &account.quota.usage(kind, old));
            }
            usage.retain(|_, amount| !amount.is_zero() && !amount.is_negative());
            if !usage.is_empty() {
                wanted.push((account.uid.clone(), usage));
            }
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        books.catch_up(store, kind, &key.namespace);
        for (uid, usage) in &wanted {
            books.check(&key.namespace, uid, usage)?;
        }
        books.next += 1;
        let (id, resource) = (books.next, resource(kind));
        let reserved = wanted.into_iter().map(|(quota, usage)| Reserved { id, resource, key: key.clone(), quota, usage });
        books.reservations.extend(reserved);
        Ok(Some(Reservation { ledger: this.clone(), id }))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.ledger.0.lock().reservations.retain(|reserved| reserved.id != self.id);
    }
}

fn resource(kind: &Kind) -> Resource {
    (kind.group(), kind.plural)
}

impl Books {
    /// A quota whose limits did not change keeps its account, however often its status does.
    fn read_quotas(&mut self, store: &Store) {
        let changed = store.changed(&kinds::RESOURCE_QUOTA);
        if changed == self.quotas {
            return;
        }
        let mut before: HashMap<Box<str>, Account> = self
            .namespaces
            .drain()
            .flat_map(|(_, accounts)| accounts)
            .map(|account| (account.uid.clone(), account))
            .collect();
        for object in store.snapshot(&kinds::RESOURCE_QUOTA).iter_from(None) {
            let quota = Quota::of(&object.value());
            let account = match before.remove(&object.meta.uid) {
                Some(account) if account.quota == quota => account,
                _ => Account::new(object.meta.uid.clone(), quota),
            };
            self.namespaces.entry(object.key().namespace.clone()).or_default().push(account);
        }
        self.quotas = changed;
    }

    /// Afterwards every object of `kind` in the namespace that is committed is counted.
    fn catch_up(&mut self, store: &Store, kind: &'static Kind, namespace: &str) {
        let resource = resource(kind);
        loop {
            if !self.feeds.contains_key(&resource) {
                self.forget(resource);
                match store.watch(kind, store.revision()) {
                    Ok(watch) => drop(self.feeds.insert(resource, watch)),
                    Err(error) => return tracing::error!(%error, resource = kind.plural, "quotas do not follow the store"),
                }
            }
            self.load(store, kind, namespace);
            // What happened between the loading and now; what was loaded already counts the same again.
            let Some(watch) = self.feeds.get_mut(&resource) else { return };
            let mut events = Vec::new();
            let behind = loop {
                match watch.next().now_or_never() {
                    Some(Ok(batch)) => events.extend(batch),
                    Some(Err(_)) => break true,
                    None => break false,
                }
            };
            for event in &events {
                self.apply(kind, event);
            }
            if !behind {
                return;
            }
            self.feeds.remove(&resource);
            if store.revision() == Revision::default() {
                return;
            }
        }
    }

    fn forget(&mut self, resource: Resource) {
        for account in self.namespaces.values_mut().flatten() {
            account.loaded.retain(|loaded| *loaded != resource);
            account.objects.retain(|(known, _), _| *known != resource);
            account.count();
        }
    }

    fn load(&mut self, store: &Store, kind: &'static Kind, namespace: &str) {
        let resource = resource(kind);
        let Some(accounts) = self.namespaces.get_mut(namespace) else { return };
        for account in accounts.iter_mut().filter(|account| !account.loaded.contains(&resource)) {
            account.loaded.push(resource);
            if account.quota.tracks(kind) {
                for object in store.snapshot(kind).namespace(namespace) {
                    account.set(kind, object);
                }
            }
        }
    }

    fn apply(&mut self, kind: &'static Kind, event: &Event) {
        let resource = resource(kind);
        let key = event.object.key();
        if event.kind != EventKind::Deleted {
            self.reservations.retain(|reserved| reserved.resource != resource || reserved.key != *key);
        }
        let accounts = self.namespaces.get_mut(&key.namespace).into_iter().flatten();
        for account in accounts.filter(|account| account.loaded.contains(&resource) && account.quota.tracks(kind)) {
            match event.kind {
                EventKind::Deleted => account.remove(resource, &key.name),
                EventKind::Added | EventKind::Modified => account.set(kind, &event.object),
            }
        }
    }

    fn check(&self, namespace: &str, uid: &str, requested: &Usage) -> Result<(), String> {
        let accounts = self.namespaces.get(namespace).into_iter().flatten();
        let Some(account) = accounts.into_iter().find(|account| &*account.uid == uid) else { return Ok(()) };
        let mut used = account.total.clone();
        for reserved in self.reservations.iter().filter(|reserved| &*reserved.quota == uid) {
            quota::add(&mut used, &reserved.usage);
        }
        let mut after = used.clone();
        quota::add(&mut after, requested);
        let exceeded = |name: &String| account.quota.hard.get(name).is_some_and(|hard| after.get(name) > Some(hard));
        let only = |usage: &Usage| -> Usage {
            let zero = api::quantity::Quantity::ZERO;
            let names = requested.keys().filter(|name| exceeded(name));
            names.map(|name| (name.clone(), usage.get(name).copied().unwrap_or(zero))).collect()
        };
        if !requested.keys().any(exceeded) {
            return Ok(());
        }
        Err(format!(
            "exceeded quota: {}, requested: {}, used: {}, limited: {}",
            account.quota.name,
            quota::pretty(&only(requested)),
            quota::pretty(&only(&used)),
            quota::pretty(&only(&account.quota.hard)),
        ))
    }
}

impl Account {
    fn new(uid: Box<str>, quota: Quota) -> Self {
        Self { uid, quota, objects: HashMap::new(), total: Usage::new(), loaded: Vec::new() }
    }

    fn set(&mut self, kind: &'static Kind, object: &Object) {
        self.remove(resource(kind), &object.key().name);
        let usage = self.quota.usage(kind, &object.value());
        if !usage.is_empty() {
            quota::add(&mut self.total, &usage);
            self.objects.insert((resource(kind), object.key().name.clone()), usage);
        }
    }

    fn remove(&mut self, resource: Resource, name: &str) {
        if let Some(usage) = self.objects.remove(&(resource, name.into())) {
            quota::subtract(&mut self.total, &usage);
        }
    }

    fn count(&mut self) {
        self.total.clear();
        for usage in self.objects.values() {
            quota::add(&mut self.total, usage);
        }
    }
}
