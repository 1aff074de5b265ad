//! Decides the writes of one transaction, each seeing those before it. Pure: nothing is changed but the batch and the claims.

use std::{collections::HashMap, sync::Arc};

use api::{Draft, Event, EventKind, Key, Object, Revision};

use crate::{
    Error, Expect,
    claims::{Claims, Owner},
    memory::{Catalog, Change, Memory, ResourceId},
};

/// What a caller wants.
#[derive(Debug)]
pub(crate) enum Write {
    Create(Draft),
    Update(Draft, Expect),
    Delete { key: Key, expect: Expect, last: Option<Draft> },
}

/// What one transaction will write.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The last revision given out.
    revision: Revision,
    /// In commit order.
    pub(crate) changes: Vec<Change>,
    /// What the batch leaves of each key it touches; `None` is a deletion.
    pub(crate) outcome: HashMap<(ResourceId, Key), Option<Arc<Object>>>,
}

/// What a batch is decided on.
pub(crate) struct Ground<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) memory: &'a Memory,
    pub(crate) claims: &'a mut Claims,
}

impl Batch {
    /// An empty batch whose first revision comes after `last`.
    pub(crate) fn new(last: Revision) -> Self {
        Self { revision: last, changes: Vec::new(), outcome: HashMap::new() }
    }

    /// The last revision given out.
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// Decides one write, or says why not; then nothing has changed.
    pub(crate) fn stage(&mut self, ground: &mut Ground<'_>, id: ResourceId, write: Write) -> Result<Arc<Object>, Error> {
        match write {
            Write::Create(draft) => self.create(ground, id, draft),
            Write::Update(draft, expect) => self.update(ground, id, draft, &expect),
            Write::Delete { key, expect, last } => self.delete(ground, id, key, &expect, last),
        }
    }

    fn create(&mut self, ground: &mut Ground<'_>, id: ResourceId, draft: Draft) -> Result<Arc<Object>, Error> {
        if self.current(ground, id, &draft.meta.key).is_some() {
            return Err(Error::AlreadyExists { key: draft.meta.key });
        }
        self.claim(ground, id, &draft.meta.key, &[], &draft.meta.claims)?;
        let object = Arc::new(draft.commit(self.next()));
        Ok(self.push(id, EventKind::Added, object, None))
    }

    fn update(
        &mut self,
        ground: &mut Ground<'_>,
        id: ResourceId,
        draft: Draft,
        expect: &Expect,
    ) -> Result<Arc<Object>, Error> {
        let current = self.expected(ground, id, &draft.meta.key, expect)?;
        if is_same(&draft, &current) {
            return Ok(current);
        }
        self.claim(ground, id, &draft.meta.key, &current.meta.claims, &draft.meta.claims)?;
        let object = Arc::new(draft.commit(self.next()));
        Ok(self.push(id, EventKind::Modified, object, Some(current)))
    }

    fn delete(
        &mut self,
        ground: &mut Ground<'_>,
        id: ResourceId,
        key: Key,
        expect: &Expect,
        last: Option<Draft>,
    ) -> Result<Arc<Object>, Error> {
        let current = self.expected(ground, id, &key, expect)?;
        self.claim(ground, id, &key, &current.meta.claims, &[])?;
        let revision = self.next();
        let object = match last {
            Some(draft) => draft.commit(revision),
            None => current.at(ground.catalog.kind(id), revision),
        };
        Ok(self.push(id, EventKind::Deleted, Arc::new(object), Some(current)))
    }

    /// What is stored under `key`, the batch so far included.
    fn current(&self, ground: &Ground<'_>, id: ResourceId, key: &Key) -> Option<Arc<Object>> {
        // most batches touch a key once: the map of this batch is asked only when it has anything
        if !self.outcome.is_empty()
            && let Some(outcome) = self.outcome.get(&(id, key.clone()))
        {
            return outcome.clone();
        }
        ground.memory.get(id, key).cloned()
    }

    fn expected(&self, ground: &Ground<'_>, id: ResourceId, key: &Key, expect: &Expect) -> Result<Arc<Object>, Error> {
        let current = self.current(ground, id, key).ok_or_else(|| Error::NotFound { key: key.clone() })?;
        if expect.uid.as_ref().is_some_and(|uid| *uid != current.meta.uid) {
            return Err(Error::UidMismatch { key: key.clone(), current: current.meta.uid.clone() });
        }
        if expect.revision.is_some_and(|revision| revision != current.revision) {
            return Err(Error::Conflict { key: key.clone(), current: current.revision });
        }
        Ok(current)
    }

    fn claim(
        &self,
        ground: &mut Ground<'_>,
        resource: ResourceId,
        key: &Key,
        old: &[Box<str>],
        new: &[Box<str>],
    ) -> Result<(), Error> {
        if old.is_empty() && new.is_empty() {
            return Ok(());
        }
        let owner = Owner { resource, key: key.clone() };
        if let Some((claim, by)) = ground.claims.refused(new, &owner) {
            let resource = ground.catalog.name(by.resource).clone();
            return Err(Error::Claimed { claim: claim.into(), resource, by: by.key.clone() });
        }
        ground.claims.replace(&owner, old, new);
        Ok(())
    }

    fn next(&mut self) -> Revision {
        self.revision.0 += 1;
        self.revision
    }

    fn push(
        &mut self,
        resource: ResourceId,
        kind: EventKind,
        object: Arc<Object>,
        previous: Option<Arc<Object>>,
    ) -> Arc<Object> {
        let stored = (kind != EventKind::Deleted).then(|| object.clone());
        self.outcome.insert((resource, object.key().clone()), stored);
        self.changes.push(Change { resource, event: Arc::new(Event { kind, object: object.clone(), previous }) });
        object
    }
}

/// Whether `draft` would write what is there already: such an update is answered and not written, as upstream does it.
fn is_same(draft: &Draft, current: &Object) -> bool {
    let digits = current.revision.to_string().len();
    draft.len() + digits == current.bytes.len() && draft.clone().commit(current.revision).bytes == current.bytes
}
