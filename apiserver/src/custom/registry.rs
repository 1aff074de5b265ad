//! Which kinds are served now: made anew from the stored definitions whenever one of them changes.

use std::sync::Arc;

use api::{
    Kind, Revision,
    kinds::{self, Kinds},
};
use serde_json::Value;
use store::{Closed, Store};
use tracing::{error, info};

use crate::app::App;

/// Serves what the stored definitions say; answers the revision up to which they were read.
pub(crate) async fn load(app: &App) -> Revision {
    let snapshot = app.store.snapshot(&kinds::CUSTOM_RESOURCE_DEFINITION);
    let definitions: Vec<Value> = snapshot.iter_from(None).map(|object| object.value()).collect();
    let next = Kinds::of(&definitions);
    let before = app.kinds();
    let is_new = |kind: &&'static Kind| !before.stored().any(|known| std::ptr::eq(known, *kind));
    for kind in next.stored().filter(is_new) {
        open(&app.store, kind).await;
    }
    if before.rows() != next.rows() {
        app.kinds.send_replace(Arc::new(next));
    }
    snapshot.revision()
}

/// Reading what is there of a kind takes a while: not on a thread of the runtime.
async fn open(store: &Store, kind: &'static Kind) {
    let store = store.clone();
    match tokio::task::spawn_blocking(move || store.serve(kind)).await {
        Ok(Ok(())) => info!(resource = kind.resource(), version = kind.hub().version, "a kind is served"),
        // Its requests will fail with the store's words.
        Ok(Err(why)) => error!(error = %why, resource = kind.resource(), "a kind cannot be served"),
        Err(why) => error!(error = %why, resource = kind.resource(), "reading a kind's objects failed"),
    }
}

/// Follows the definitions from `since` on, until the server stops.
pub(crate) async fn follow(app: Arc<App>, mut since: Revision) {
    let follow = async {
        loop {
            let Ok(mut watch) = app.store.watch(&kinds::CUSTOM_RESOURCE_DEFINITION, since) else {
                since = load(&app).await;
                continue;
            };
            loop {
                match watch.next().await {
                    Ok(_) => since = load(&app).await,
                    Err(Closed::Behind) => break,
                    // The server's own end is near.
                    Err(Closed::Stopped | Closed::Disk(_)) => return,
                }
            }
        }
    };
    app.stop.run_until_cancelled(follow).await;
}
