//! DELETE of all objects that a selector chooses.

use std::sync::Arc;

use api::{Key, Object, Status};
use axum::body::Body;
use futures::{StreamExt, TryStreamExt, stream};
use http::Response;

use super::{
    delete::{self, DeleteOptions, Removed},
    filter::Filter,
    render::{self, ListMeta},
};
use crate::{
    app::{App, Call, Row},
    custom::convert,
};

/// Enough to fill the store's batches.
const AT_ONCE: usize = 32;

pub(super) async fn deletecollection(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let options = DeleteOptions::read(call, request).await?;
    options.warn(call, row);
    let filter = Filter::of(call, row)?;
    let snapshot = app.store.snapshot(row.kind);
    let keys: Vec<Key> = filter.select(&snapshot, None).map(|object| object.key().clone()).collect();
    let (call, options) = (&*call, &options);
    let removed: Vec<Option<Arc<Object>>> = stream::iter(keys)
        .map(|key| async move {
            match delete::remove(app, call, row, &key, options).await {
                Ok(Removed::Gone(object) | Removed::Going(object)) => Ok(Some(object)),
                // Somebody else deleted it meanwhile: that is what was asked for.
                Err(status) if status.code == 404 => Ok(None),
                Err(status) => Err(status),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let meta = ListMeta { revision: app.store.revision().0, ..ListMeta::default() };
    let removed = convert::read_all(app, row, removed.into_iter().flatten().collect()).await?;
    render::list(call, row, removed, &meta)
}
