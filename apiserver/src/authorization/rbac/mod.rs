//! RBAC: who has which role, looked up by the names of a caller and its groups.

/// One rule of a role.
pub(crate) mod rule;

use std::{collections::HashMap, sync::Arc};

use api::{Identity, Key, Kind, Object, Revision, kinds};
use parking_lot::RwLock;
use serde::Deserialize;
use store::{Snapshot, Store};

use crate::request_info::RequestInfo;
use rule::Rule;

/// The kinds that roles are made of, in this order.
const KINDS: [&Kind; 4] = [&kinds::ROLE, &kinds::CLUSTER_ROLE, &kinds::ROLE_BINDING, &kinds::CLUSTER_ROLE_BINDING];

/// The roles of a cluster, read again when one of their objects changed. A write that was answered is seen.
#[derive(Default)]
pub(crate) struct Rbac(RwLock<Option<(Revision, Arc<Index>)>>);

/// All roles and bindings of one moment.
#[derive(Default)]
pub(crate) struct Index {
    /// What was read of each object, so that the next index reads only what changed.
    read: HashMap<(usize, Key), (Revision, Read)>,
    /// By the name of a subject; ServiceAccounts by their user names.
    users: HashMap<Box<str>, Vec<Arc<Binding>>>,
    groups: HashMap<Box<str>, Vec<Arc<Binding>>>,
}

#[derive(Clone)]
enum Read {
    Role(Arc<Vec<Rule>>),
    Binding(Arc<Binding>),
}

/// Who has a role, and where.
pub(crate) struct Binding {
    /// Empty: everywhere.
    namespace: Box<str>,
    name: Box<str>,
    role: RoleRef,
    subjects: Vec<Subject>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

/// A rule that a caller has, and how.
pub(crate) struct Held<'a> {
    binding: &'a Binding,
    subject: &'a Subject,
    pub(crate) rule: &'a Rule,
}

impl Rbac {
    pub(crate) fn index(&self, store: &Store) -> Arc<Index> {
        // Read before the snapshots: what changes in between is read again at the next look.
        let changed = KINDS.iter().map(|kind| store.changed(kind)).max().unwrap_or_default();
        let before = self.0.read().clone();
        let before = match before {
            Some((at, index)) if at == changed => return index,
            Some((_, index)) => index,
            None => Arc::default(),
        };
        let index = Arc::new(Index::of(KINDS.map(|kind| store.snapshot(kind)), &before));
        *self.0.write() = Some((changed, index.clone()));
        index
    }
}

impl Index {
    fn of(snapshots: [Snapshot; 4], before: &Index) -> Self {
        let mut index = Self::default();
        for (kind, snapshot) in snapshots.iter().enumerate() {
            for object in snapshot.iter_from(None) {
                let key = (kind, object.key().clone());
                let known = before.read.get(&key).filter(|(revision, _)| *revision == object.revision);
                let read = known.map_or_else(|| Read::of(kind, object), |(_, read)| read.clone());
                if let Read::Binding(binding) = &read {
                    index.bind(binding);
                }
                index.read.insert(key, (object.revision, read));
            }
        }
        index
    }

    fn bind(&mut self, binding: &Arc<Binding>) {
        for subject in &binding.subjects {
            let (by, name) = match subject.kind.as_str() {
                "Group" => (&mut self.groups, subject.name.as_str().into()),
                "ServiceAccount" => (&mut self.users, subject.user(&binding.namespace).into_boxed_str()),
                _ => (&mut self.users, subject.name.as_str().into()),
            };
            by.entry(name).or_default().push(binding.clone());
        }
    }

    fn rules(&self, binding: &Binding) -> Option<&Vec<Rule>> {
        let key = match binding.role.kind.as_str() {
            "Role" => (0, Key::new(&binding.namespace, &binding.role.name)),
            _ => (1, Key::cluster(&binding.role.name)),
        };
        match self.read.get(&key) {
            Some((_, Read::Role(rules))) => Some(rules),
            _ => None,
        }
    }

    /// The rules of a role: `ClusterRole` or `Role` of `namespace`.
    pub(crate) fn role(&self, kind: &str, namespace: &str, name: &str) -> Option<&Vec<Rule>> {
        let key = if kind == "Role" { (0, Key::new(namespace, name)) } else { (1, Key::cluster(name)) };
        match self.read.get(&key) {
            Some((_, Read::Role(rules))) => Some(rules),
            _ => None,
        }
    }

    fn bindings<'a>(
        &'a self,
        identity: &'a Identity,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Binding, &'a Subject)> {
        let users = self.users.get(identity.name.as_str()).into_iter().flatten();
        let groups = identity.groups.iter().filter_map(|group| self.groups.get(group.as_str())).flatten();
        let here = move |binding: &&Arc<Binding>| binding.namespace.is_empty() || *binding.namespace == *namespace;
        users.chain(groups).filter(here).filter_map(move |binding| {
            let named = |subject: &&Subject| subject.names(identity, &binding.namespace);
            Some((&**binding, binding.subjects.iter().find(named)?))
        })
    }

    /// Every rule that `identity` has in `namespace`, those that hold everywhere included.
    pub(crate) fn held<'a>(&'a self, identity: &'a Identity, namespace: &'a str) -> impl Iterator<Item = Held<'a>> {
        self.bindings(identity, namespace).flat_map(|(binding, subject)| {
            let rules = self.rules(binding).into_iter().flatten();
            rules.map(move |rule| Held { binding, subject, rule })
        })
    }

    /// The first rule that lets the request through, if any does.
    pub(crate) fn allows<'a>(
        &'a self,
        identity: &'a Identity,
        verb: &str,
        info: &'a RequestInfo,
        path: &str,
    ) -> Option<Held<'a>> {
        self.held(identity, &info.namespace).find(|held| held.rule.allows(verb, info, path))
    }

    /// Bindings of the caller whose role is not there: they explain a refusal.
    pub(crate) fn dangling<'a>(&'a self, identity: &'a Identity, namespace: &'a str) -> Vec<String> {
        let lost = self.bindings(identity, namespace).filter(|(binding, _)| self.rules(binding).is_none());
        let words = lost.map(|(binding, _)| {
            let plural = if binding.role.kind == "Role" { "role" } else { "clusterrole" };
            format!("{plural}.rbac.authorization.k8s.io {:?} not found", binding.role.name)
        });
        let mut words: Vec<String> = words.collect();
        words.sort();
        words.dedup();
        words
    }
}

impl Held<'_> {
    /// Why the caller may, in upstream's words.
    pub(crate) fn reason(&self) -> String {
        let binding = match &*self.binding.namespace {
            "" => format!("ClusterRoleBinding {:?}", self.binding.name),
            namespace => format!("RoleBinding {:?}", format!("{}/{namespace}", self.binding.name)),
        };
        let subject = match self.subject.kind.as_str() {
            "ServiceAccount" => format!("ServiceAccount {:?}", format!("{}/{}", self.subject.name, self.subject.namespace)),
            kind => format!("{kind} {:?}", self.subject.name),
        };
        let RoleRef { kind, name } = &self.binding.role;
        format!("RBAC: allowed by {binding} of {kind} {name:?} to {subject}")
    }
}

impl Read {
    fn of(kind: usize, object: &Object) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Fields {
            rules: Option<Vec<Rule>>,
            role_ref: RoleRef,
            subjects: Option<Vec<Subject>>,
        }
        // An object that does not fit gives nobody anything.
        let fields: Fields = serde_json::from_slice(&object.bytes).unwrap_or_else(|error| {
            tracing::error!(key = %object.key(), %error, "cannot read a role or a binding");
            Fields::default()
        });
        if kind < 2 {
            return Self::Role(Arc::new(fields.rules.unwrap_or_default()));
        }
        let key = object.key();
        let subjects = fields.subjects.unwrap_or_default();
        let (namespace, name) = (key.namespace.as_ref().into(), key.name.as_ref().into());
        Self::Binding(Arc::new(Binding { namespace, name, role: fields.role_ref, subjects }))
    }
}

impl Subject {
    /// The user name of a ServiceAccount; in a RoleBinding its namespace may be left out.
    fn user(&self, around: &str) -> String {
        let namespace = if self.namespace.is_empty() { around } else { &self.namespace };
        format!("system:serviceaccount:{namespace}:{}", self.name)
    }

    fn names(&self, identity: &Identity, around: &str) -> bool {
        match self.kind.as_str() {
            "Group" => identity.groups.contains(&self.name),
            "ServiceAccount" => self.user(around) == identity.name,
            _ => self.name == identity.name,
        }
    }
}
