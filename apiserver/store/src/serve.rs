//! Kinds that come at run time: their place in the catalog, and what is there of them already.

use std::sync::Arc;

use api::{Kind, Object};

use crate::{
    Error, Shared,
    memory::{Catalog, ResourceId},
};

pub(crate) fn serve(shared: &Shared, kind: &'static Kind) -> Result<(), Error> {
    let id = {
        // memory first: whoever finds the resource in the catalog finds its place in memory
        let mut memory = shared.memory.write();
        let mut current = shared.catalog.write();
        let mut catalog = Catalog::clone(&current);
        let (id, before) = catalog.serve(kind, memory.revision);
        if before.is_some_and(|before| std::ptr::eq(before, kind)) {
            return Ok(());
        }
        let revision = memory.revision;
        memory.grow(catalog.len(), revision);
        *current = Arc::new(catalog);
        id
    };
    refresh(shared, kind, id)
}

/// Makes the objects what they are under `kind`. In memory only: on disk they stay as they were written until somebody
/// writes them again, and a restart comes here as well.
fn refresh(shared: &Shared, kind: &'static Kind, id: ResourceId) -> Result<(), Error> {
    let (revision, objects) = {
        let memory = shared.memory.read();
        (memory.revision, memory.resource(id).objects.clone())
    };
    let mut anew = Vec::new();
    for old in objects.iter() {
        let new = Object::load(kind, old.revision, old.bytes.clone()).map_err(|source| Error::Corrupt {
            resource: kind.resource().into(),
            revision: old.revision,
            source: Arc::new(source),
        })?;
        anew.push((old.clone(), Arc::new(new)));
    }
    let mut memory = shared.memory.write();
    let resource = memory.resource_mut(id);
    // what was written meanwhile was written under the new kind
    resource.ring.trim(revision);
    for (old, new) in anew {
        if resource.objects.get(old.key()).is_some_and(|current| Arc::ptr_eq(current, &old)) {
            resource.objects.insert(new);
        }
    }
    Ok(())
}
