//! The objects that are there from the start, written through the API like any other.

use std::{sync::Arc, time::Duration};

use api::{EventKind, Identity, Key, Kind, Revision, Status, kinds};
use axum::{Router, body::Body};
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::{Closed, Store};
use tower::ServiceExt;
use tracing::warn;

use crate::{Config, Error, LocalService, app::App, authorization::policy};

const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// How long the server waits when it could not write its own objects.
const AGAIN: Duration = Duration::from_secs(1);

/// Side by side at the start; the store commits them together.
const ROLES_AT_ONCE: usize = 64;

/// Creates what is missing and corrects the Service `kubernetes`'s endpoints: the server's port may be another this time.
pub(crate) async fn run(app: &App, port: u16, router: Router) -> Result<(), Error> {
    let config = &app.config;
    let api = LocalService::new(router, Identity::new("system:apiserver", &["system:masters"]));
    // Side by side: the store commits them together.
    try_join_all(NAMESPACES.map(|name| {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        ensure(&api, "/api/v1/namespaces", namespace)
    }))
    .await?;
    // Pods of the system are more important than any user's.
    let classes = try_join_all(kinds::SYSTEM_PRIORITY_CLASSES.map(|(name, value, description)| {
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": name },
            "value": value, "description": description,
        });
        ensure(&api, "/apis/scheduling.k8s.io/v1/priorityclasses", class)
    }));
    tokio::try_join!(classes, kubernetes_service(&api, config, port), roles(app, &api))?;
    Ok(())
}

/// Brings the roles that every cluster has to what this version says of them. Who says `autoupdate: "false"` on one keeps it
/// as it is; rules and subjects that were added stay.
async fn roles(app: &App, api: &LocalService) -> Result<(), Error> {
    let missing = policy::objects().into_iter().filter_map(|(collection, object)| {
        let kind = if collection == "clusterroles" { &kinds::CLUSTER_ROLE } else { &kinds::CLUSTER_ROLE_BINDING };
        let key = Key::cluster(object["metadata"]["name"].as_str().unwrap_or_default());
        let Some(there) = app.store.get(kind, &key) else { return Some((Method::POST, collection, object)) };
        policy::completed(&there.value(), &object).map(|object| (Method::PUT, collection, object))
    });
    let write = |(method, collection, object): (Method, &'static str, Value)| async move {
        let collection = format!("/apis/rbac.authorization.k8s.io/v1/{collection}");
        let named = format!("{collection}/{}", object["metadata"]["name"].as_str().unwrap_or_default());
        let path = if method == Method::POST { &collection } else { &named };
        let written = call(api, method, path, "application/json", &object).await;
        written.map_err(|source| Error::Bootstrap { object: named, source })
    };
    stream::iter(missing).map(write).buffer_unordered(ROLES_AT_ONCE).try_collect().await
}

/// Writes the Service `kubernetes` and its endpoints again whenever somebody deletes one, until the server stops.
pub(crate) async fn keep(app: Arc<App>, port: u16, router: Router) {
    let api = LocalService::new(router, Identity::new("system:apiserver", &["system:masters"]));
    let restore = async {
        loop {
            let before = app.store.revision();
            match kubernetes_service(&api, &app.config, port).await {
                Ok(()) => tokio::select! {
                    () = deletion(&app.store, &kinds::SERVICE, before) => {}
                    () = deletion(&app.store, &kinds::ENDPOINTS, before) => {}
                    () = deletion(&app.store, &kinds::ENDPOINT_SLICE, before) => {}
                },
                Err(error) => {
                    warn!(%error, source = ?std::error::Error::source(&error), "the Service `kubernetes` is not as it should be");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    };
    app.stop.run_until_cancelled(restore).await;
}

/// Waits until the object `default/kubernetes` of this kind is deleted after a revision, or may have been.
async fn deletion(store: &Store, kind: &'static Kind, after: Revision) {
    let Ok(mut watch) = store.watch(kind, after) else { return };
    let ours = Key::new("default", "kubernetes");
    loop {
        match watch.next().await {
            Ok(batch) if batch.iter().any(|event| event.kind == EventKind::Deleted && *event.object.key() == ours) => return,
            Ok(_) => {}
            Err(Closed::Behind) => return,
            // The server's own end is near.
            Err(Closed::Stopped | Closed::Disk(_)) => std::future::pending().await,
        }
    }
}

async fn kubernetes_service(api: &LocalService, config: &Config, port: u16) -> Result<(), Error> {
    let (service, endpoints, slice) = kubernetes(config, port);
    tokio::try_join!(
        ensure(api, "/api/v1/namespaces/default/services", service),
        ensure(api, "/api/v1/namespaces/default/endpoints", endpoints),
        ensure(api, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice),
    )?;
    Ok(())
}

fn kubernetes(config: &Config, port: u16) -> (Value, Value, Value) {
    let name = "kubernetes";
    let labels = json!({ "component": "apiserver", "provider": "kubernetes" });
    let address = config.virtual_address.to_string();
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "default", "labels": labels },
        "spec": {
            "type": "ClusterIP", "clusterIP": config.kubernetes_ip(), "clusterIPs": [config.kubernetes_ip()],
            "ports": [{ "name": "https", "protocol": "TCP", "port": 443, "targetPort": port }],
        },
    });
    let endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": { "name": name, "namespace": "default", "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } },
        "subsets": [{ "addresses": [{ "ip": address }], "ports": [{ "name": "https", "port": port, "protocol": "TCP" }] }],
    });
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": { "name": name, "namespace": "default", "labels": { "kubernetes.io/service-name": name } },
        "addressType": "IPv4",
        "endpoints": [{ "addresses": [address], "conditions": { "ready": true } }],
        "ports": [{ "name": "https", "port": port, "protocol": "TCP" }],
    });
    (service, endpoints, slice)
}

/// Brings the object in the collection at `path` to this content, or creates it. Creating first would be refused for the
/// address that the object itself holds already.
async fn ensure(api: &LocalService, path: &str, object: Value) -> Result<(), Error> {
    let named = format!("{path}/{}", object["metadata"]["name"].as_str().unwrap_or_default());
    let written = match call(api, Method::PATCH, &named, "application/merge-patch+json", &object).await {
        Err(status) if status.code == 404 => call(api, Method::POST, path, "application/json", &object).await,
        other => other,
    };
    written.map_err(|source| Error::Bootstrap { object: named, source })
}

async fn call(api: &LocalService, method: Method, path: &str, content_type: &str, body: &Value) -> Result<(), Status> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .body(Body::from(body.to_string()))
        .expect("the paths of the start are valid");
    let response = api.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    if response.status().is_success() {
        return Ok(());
    }
    let body = response.into_body().collect().await.map_err(Status::internal)?.to_bytes();
    Err(serde_json::from_slice(&body).unwrap_or_else(Status::internal))
}
