//! How the in-process clients are fed: the store's own events, shared, not copied.

use std::sync::Arc;

use futures::{future::BoxFuture, stream::BoxStream};

use crate::{Event, Identity, Kind, Object, Revision, Status};

/// A consistent beginning and everything after it, without a gap.
pub struct Opened {
    pub revision: Revision,
    pub objects: Vec<Arc<Object>>,
    /// Batches of events in commit order, each after `revision`. The stream ends when the watcher fell behind or the
    /// server stops: open again.
    pub events: BoxStream<'static, Vec<Arc<Event>>>,
}

/// Implemented by the API server for whoever lives in its process. Authorized like a list and watch over HTTPS.
pub trait Feed: Send + Sync + 'static {
    fn open(&self, identity: Arc<Identity>, kind: &'static Kind) -> BoxFuture<'static, Result<Opened, Status>>;
}
