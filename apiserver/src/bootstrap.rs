//! The objects that are there from the start, written through the API like any other.

use api::{Identity, Status};
use axum::{Router, body::Body};
use futures::future::try_join_all;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Config, Error, LocalService};

const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Creates what is missing and corrects the Service `kubernetes`'s endpoints: the server's port may be another this time.
pub(crate) async fn run(config: &Config, port: u16, router: Router) -> Result<(), Error> {
    let api = LocalService::new(router, Identity::new("system:apiserver", &["system:masters"]));
    // Side by side: the store commits them together.
    try_join_all(NAMESPACES.map(|name| {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        ensure(&api, "/api/v1/namespaces", namespace)
    }))
    .await?;
    let (service, endpoints, slice) = kubernetes(config, port);
    tokio::try_join!(
        ensure(&api, "/api/v1/namespaces/default/services", service),
        ensure(&api, "/api/v1/namespaces/default/endpoints", endpoints),
        ensure(&api, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice),
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
