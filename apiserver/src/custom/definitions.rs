//! What the server says of definitions: their names and whether they are served; and how they end, after all their objects.

use std::{sync::Arc, time::Duration};

use api::{
    Identity, Key, Kind, Status,
    custom::{is_established, rows, status},
    kinds,
};
use axum::{Router, body::Body};
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Closed;
use tower::ServiceExt;
use tracing::warn;

use crate::{LocalService, app::App};

const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
/// How long a failed step waits; something that is waited for wakes at once.
const AGAIN: Duration = Duration::from_millis(500);

/// Keeps the status of every definition, until the server stops.
pub(crate) async fn keep(app: Arc<App>, router: Router) {
    let api = LocalService::new(router, Identity::new("system:apiserver", &["system:masters"]));
    let work = async {
        loop {
            let snapshot = app.store.snapshot(&kinds::CUSTOM_RESOURCE_DEFINITION);
            let all: Vec<Value> = snapshot.iter_from(None).map(|object| object.value()).collect();
            let mut waits = Vec::new();
            let mut failed = false;
            for crd in &all {
                match step(&app, &api, crd, &all).await {
                    Ok(Some(kind)) => waits.push(kind),
                    Ok(None) => {}
                    // Somebody else was faster: the next look sees it.
                    Err(status) if matches!(status.code, 404 | 409) => failed = true,
                    Err(status) => {
                        warn!(%status, definition = crd["metadata"]["name"].as_str(), "a definition's status could not be kept");
                        failed = true;
                    }
                }
            }
            let change = changed(&app, snapshot.revision(), &waits);
            match failed {
                true => drop(tokio::time::timeout(AGAIN, change).await),
                false => change.await,
            }
        }
    };
    app.stop.run_until_cancelled(work).await;
}

/// Waits until a definition changes after `since`, or an object of one that is being emptied.
async fn changed(app: &App, since: api::Revision, emptied: &[&'static Kind]) {
    let watched = std::iter::once(&kinds::CUSTOM_RESOURCE_DEFINITION).chain(emptied.iter().copied());
    let next = watched.map(|kind| {
        Box::pin(async move {
            let Ok(mut watch) = app.store.watch(kind, since) else { return };
            if let Err(Closed::Stopped | Closed::Disk(_)) = watch.next().await {
                // The server's own end is near.
                std::future::pending().await
            }
        })
    });
    futures::future::select_all(next).await;
}

/// Brings one definition a step on; the answer is the kind whose objects it waits for.
async fn step(app: &App, api: &LocalService, crd: &Value, all: &[Value]) -> Result<Option<&'static Kind>, Status> {
    let group: Vec<&Value> = all.iter().filter(|other| other["spec"]["group"] == crd["spec"]["group"]).collect();
    if crd["metadata"]["deletionTimestamp"].is_null() {
        let next = status::plan(crd, &group, Timestamp::now());
        if next != crd["status"] {
            write_status(api, crd, &next).await?;
        }
        return Ok(None);
    }
    let held = crd["metadata"]["finalizers"].as_array().is_some_and(|list| list.iter().any(|f| f == CLEANUP));
    if !held {
        return Ok(None);
    }
    // One that never was served has no objects; nor has one whose resource belongs to another definition.
    if is_established(crd)
        && let Some(kind) = rows(crd).iter().find(|kind| kind.custom.is_some_and(|custom| custom.is_stored()))
        && let Some(waits) = empty(app, api, crd, kind).await?
    {
        return Ok(Some(waits));
    }
    release(api, crd).await?;
    Ok(None)
}

/// Deletes what is left; the kind, as long as something is.
async fn empty(app: &App, api: &LocalService, crd: &Value, kind: &'static Kind) -> Result<Option<&'static Kind>, Status> {
    let snapshot = app.store.snapshot(kind);
    if snapshot.is_empty() {
        return Ok(None);
    }
    let progress = ["True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"];
    let next = status::deleting(crd, progress, Timestamp::now());
    if next != crd["status"] {
        write_status(api, crd, &next).await?;
    }
    let alive = snapshot.iter_from(None).filter(|object| object.value()["metadata"]["deletionTimestamp"].is_null());
    let mut namespaces: Vec<Box<str>> = alive.map(|object| object.key().namespace.clone()).collect();
    namespaces.dedup();
    // Whatever version is served: they are the same objects.
    let Some(served) = rows(crd).iter().find(|kind| kind.is_served()) else {
        return Err(Status::internal("no version of the definition is served"));
    };
    let path = format!("/apis/{}", served.hub().api_version());
    for namespace in namespaces {
        let place = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
        call(api, Method::DELETE, &format!("{path}{place}/{}", kind.plural), &Value::Null).await?;
    }
    Ok((!app.store.snapshot(kind).is_empty()).then_some(kind))
}

/// Lets a definition go whose objects are gone.
async fn release(api: &LocalService, crd: &Value) -> Result<(), Status> {
    let kept = crd["metadata"]["finalizers"].as_array().into_iter().flatten().filter(|finalizer| *finalizer != CLEANUP);
    let patch = json!({ "metadata": {
        "finalizers": kept.collect::<Vec<_>>(),
        "uid": crd["metadata"]["uid"],
    } });
    call(api, Method::PATCH, &path(crd), &patch).await
}

async fn write_status(api: &LocalService, crd: &Value, status: &Value) -> Result<(), Status> {
    let metadata = json!({ "resourceVersion": crd["metadata"]["resourceVersion"], "uid": crd["metadata"]["uid"] });
    let patch = json!({ "metadata": metadata, "status": status });
    call(api, Method::PATCH, &format!("{}/status", path(crd)), &patch).await
}

fn path(crd: &Value) -> String {
    let name = Key::cluster(crd["metadata"]["name"].as_str().unwrap_or_default());
    format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
}

async fn call(api: &LocalService, method: Method, path: &str, body: &Value) -> Result<(), Status> {
    let content = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).header("content-type", "application/merge-patch+json");
    let request = request.body(content).expect("paths of definitions are valid");
    let response = api.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    if response.status().is_success() {
        return Ok(());
    }
    let body = response.into_body().collect().await.map_err(Status::internal)?.to_bytes();
    Err(serde_json::from_slice(&body).unwrap_or_else(Status::internal))
}
