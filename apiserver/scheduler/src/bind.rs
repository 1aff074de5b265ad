//! Writes decisions through the API: a binding, or the condition that says why there is none.

use std::sync::Arc;

use client::{Item, error::is_not_found};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use crate::pod::Pod;

/// Puts `pod` on `node`.
pub(crate) async fn bind(client: &kube::Client, pod: &Item<Pod>, node: &str) -> Result<(), kube::Error> {
    let (namespace, name) = (pod.namespace(), pod.name());
    // the uid keeps a pod that was made anew under the same name from getting its predecessor's place
    let binding = json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": { "name": name, "namespace": namespace, "uid": pod.uid() },
        "target": { "apiVersion": "v1", "kind": "Node", "name": node },
    });
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/binding");
    send(client, http::Method::POST, &path, "application/json", &binding).await
}

/// Says in the pod's status that it has no node, unless it says so already.
pub(crate) async fn refuse(client: kube::Client, pod: Arc<Item<Pod>>, message: String) -> Result<(), kube::Error> {
    if pod.unschedulable.as_deref() == Some(&*message) {
        return Ok(());
    }
    let mut condition = json!({
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "observedGeneration": pod.metadata.generation,
    });
    if pod.unschedulable.is_none() {
        condition["lastTransitionTime"] = json!(Time(Timestamp::now()));
    }
    let patch = json!({ "metadata": { "uid": pod.uid() }, "status": { "conditions": [condition] } });
    let path = format!("/api/v1/namespaces/{}/pods/{}/status", pod.namespace(), pod.name());
    match send(&client, http::Method::PATCH, &path, "application/strategic-merge-patch+json", &patch).await {
        // deleted meanwhile
        Err(error) if is_not_found(&error) => Ok(()),
        other => other,
    }
}

async fn send(
    client: &kube::Client,
    method: http::Method,
    path: &str,
    content_type: &str,
    body: &Value,
) -> Result<(), kube::Error> {
    let request = http::Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, content_type);
    let body = serde_json::to_vec(body).map_err(kube::Error::SerdeError)?;
    let request = request.body(body).map_err(kube::Error::HttpError)?;
    // the answer (a Status, or the pod) is of no interest: the informer brings what came of it
    client.request_text(request).await.map(drop)
}
