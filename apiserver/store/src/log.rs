//! Reads the log: all of it when the store opens, pages of it for a watcher that comes from before the ring.

use std::{collections::HashMap, sync::Arc};

use api::{Event, EventKind, Object, Revision};
use futures::TryStreamExt;
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    Error,
    claims::{Claims, Owner},
    memory::{Catalog, Change, Memory, ResourceId},
    sql::{from_sql, to_sql},
};

/// Every live object, in no order.
pub(crate) async fn load_objects(
    connection: &mut SqliteConnection,
    catalog: &mut Catalog,
    memory: &mut Memory,
    claims: &mut Claims,
    since: Revision,
) -> Result<(), Error> {
    let query = "SELECT l.resource, l.revision, l.body FROM object o JOIN log l ON l.revision = o.revision";
    let mut rows = sqlx::query(query).fetch(connection);
    let failed = Error::disk("read the objects");
    while let Some(row) = rows.try_next().await.map_err(&failed)? {
        // a resource that nobody serves yet is kept for whoever will
        let id = catalog.ensure(row.try_get(0).map_err(&failed)?, memory.revision);
        memory.grow(catalog.len(), since);
        let object = Arc::new(object(catalog, id, &row, 1, 2)?);
        claims.replace(&Owner { resource: id, key: object.key().clone() }, &[], &object.meta.claims);
        memory.resource_mut(id).objects.insert(object);
    }
    claims.committed();
    Ok(())
}

/// Fills the rings with what happened after `since`. Live objects are shared with `memory`, not read twice.
pub(crate) async fn load_rings(
    connection: &mut SqliteConnection,
    catalog: &Catalog,
    memory: &mut Memory,
    since: Revision,
) -> Result<(), Error> {
    let query = "SELECT l.resource, l.revision, l.body, l.deleted, l.previous, p.body FROM log l
        LEFT JOIN log p ON p.revision = l.previous AND p.revision <= ?1 WHERE l.revision > ?1 ORDER BY l.revision";
    let mut rows = sqlx::query(query).bind(to_sql(since)).fetch(connection);
    let failed = Error::disk("read the log");
    let mut seen = HashMap::new();
    while let Some(row) = rows.try_next().await.map_err(&failed)? {
        // one without a row has no object either: its events stay in the log, where a watch finds them
        let Some(id) = catalog.named(row.try_get(0).map_err(&failed)?) else { continue };
        let mut event = event(catalog, id, &row, &mut seen)?;
        if let Some(live) = memory.get(id, event.object.key())
            && live.revision == event.revision()
        {
            event.object = live.clone();
        }
        seen.insert(event.revision(), event.object.clone());
        memory.resource_mut(id).ring.push(Arc::new(event));
    }
    Ok(())
}

/// At most `limit` events of a resource after one revision and up to another, in commit order.
pub(crate) async fn page(
    pool: &SqlitePool,
    catalog: &Catalog,
    id: ResourceId,
    (after, until): (Revision, Revision),
    limit: usize,
) -> Result<Vec<Change>, Error> {
    let query = "SELECT l.resource, l.revision, l.body, l.deleted, l.previous, p.body FROM log l
        LEFT JOIN log p ON p.revision = l.previous
        WHERE l.revision > ?1 AND l.revision <= ?2 AND l.resource = ?3 ORDER BY l.revision LIMIT ?4";
    let limit = i64::try_from(limit).expect("a page is small");
    let query = sqlx::query(query).bind(to_sql(after)).bind(to_sql(until)).bind(&**catalog.name(id)).bind(limit);
    let rows = query.fetch_all(pool).await.map_err(Error::disk("read the log"))?;
    let mut seen = HashMap::new();
    let decode = |row| Ok(Change { resource: id, event: Arc::new(event(catalog, id, row, &mut seen)?) });
    rows.iter().map(decode).collect()
}

/// `seen`: objects that are decoded already, by revision.
fn event(
    catalog: &Catalog,
    id: ResourceId,
    row: &SqliteRow,
    seen: &mut HashMap<Revision, Arc<Object>>,
) -> Result<Event, Error> {
    let failed = Error::disk("read the log");
    let deleted: bool = row.try_get(3).map_err(&failed)?;
    let before = from_sql(row.try_get(4).map_err(&failed)?);
    let kind = match (deleted, before) {
        (true, _) => EventKind::Deleted,
        (false, Revision(0)) => EventKind::Added,
        (false, _) => EventKind::Modified,
    };
    let previous = match seen.remove(&before) {
        _ if before == Revision(0) => None,
        Some(object) => Some(object),
        None => Some(Arc::new(object(catalog, id, row, 4, 5)?)),
    };
    Ok(Event { kind, object: Arc::new(object(catalog, id, row, 1, 2)?), previous })
}

/// The object whose revision and bytes are in these columns.
fn object(catalog: &Catalog, id: ResourceId, row: &SqliteRow, revision: usize, body: usize) -> Result<Object, Error> {
    let failed = Error::disk("read an object");
    let revision = from_sql(row.try_get(revision).map_err(&failed)?);
    let body: Vec<u8> = row.try_get(body).map_err(&failed)?;
    Object::load(catalog.kind(id), revision, body.into()).map_err(|source| Error::Corrupt {
        resource: (**catalog.name(id)).into(),
        revision,
        source: Arc::new(source),
    })
}
