//! Reads and writes of objects by their kind's row, and what comes back: just enough to wait for the cache.

use api::{Key, Kind, Revision};
use client::Cluster;
use kube::{
    api::{DeleteParams, Patch, PatchParams, PostParams},
    core::{ApiResource, DynamicObject, Request, Resource},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::error::Error;

/// What an answer says of the object; the rest of it is skipped. Empty when the answer was a bare `Status`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Written {
    metadata: WrittenMetadata,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenMetadata {
    name: String,
    resource_version: String,
}

impl Written {
    pub(crate) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// A cache that has reached it shows this write.
    pub(crate) fn revision(&self) -> Revision {
        Revision(self.metadata.resource_version.parse().unwrap_or(0))
    }
}

/// The part of an object that a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Status,
    Approval,
}

pub(crate) fn resource(kind: &Kind) -> ApiResource {
    let hub = kind.hub();
    ApiResource {
        group: hub.group.to_owned(),
        version: hub.version.to_owned(),
        api_version: hub.api_version(),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
    }
}

fn request(kind: &Kind, namespace: &str) -> Request {
    let namespace = (kind.namespaced && !namespace.is_empty()).then_some(namespace);
    Request::new(DynamicObject::url_path(&resource(kind), namespace))
}

pub(crate) async fn create(
    cluster: &Cluster,
    kind: &'static Kind,
    namespace: &str,
    object: &impl Serialize,
) -> Result<Written, Error> {
    let failed = |source| Error::Create { kind: kind.kind, namespace: namespace.to_owned(), source: Box::new(source) };
    let body = serde_json::to_vec(object).map_err(|error| failed(kube::Error::SerdeError(error)))?;
    let request = request(kind, namespace).create(&PostParams::default(), body);
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    cluster.client.request(request).await.map_err(failed)
}

/// The live object, past the caches; `None` if there is none.
pub(crate) async fn get<T: DeserializeOwned>(cluster: &Cluster, kind: &'static Kind, key: &Key) -> Result<Option<T>, Error> {
    let failed = |source| Error::Read { kind: kind.kind, key: key.clone(), source: Box::new(source) };
    let request = request(kind, &key.namespace).get(&key.name, &kube::api::GetParams::default());
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    match cluster.client.request(request).await {
        Ok(object) => Ok(Some(object)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// The whole object anew, if it is still the one that was read.
pub(crate) async fn replace(cluster: &Cluster, kind: &'static Kind, key: &Key, object: &Value) -> Result<Written, Error> {
    let failed = |source| Error::Change { kind: kind.kind, key: key.clone(), source: Box::new(source) };
    let body = serde_json::to_vec(object).map_err(|error| failed(kube::Error::SerdeError(error)))?;
    let request = request(kind, &key.namespace).replace(&key.name, &PostParams::default(), body);
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    cluster.client.request(request).await.map_err(failed)
}

/// A merge patch.
pub(crate) async fn merge(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    part: Part,
    patch: Value,
) -> Result<Written, Error> {
    change(cluster, kind, key, part, Patch::Merge(patch)).await
}

/// A strategic merge patch: lists are merged by their keys.
pub(crate) async fn strategic(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    part: Part,
    patch: Value,
) -> Result<Written, Error> {
    change(cluster, kind, key, part, Patch::Strategic(patch)).await
}

async fn change(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    part: Part,
    patch: Patch<Value>,
) -> Result<Written, Error> {
    let failed = |source| Error::Change { kind: kind.kind, key: key.clone(), source: Box::new(source) };
    let (request, params) = (request(kind, &key.namespace), PatchParams::default());
    let request = match part {
        Part::Whole => request.patch(&key.name, &params, &patch),
        Part::Status => request.patch_subresource("status", &key.name, &params, &patch),
        Part::Approval => request.patch_subresource("approval", &key.name, &params, &patch),
    };
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    cluster.client.request(request).await.map_err(failed)
}

/// Makes `owner` (an OwnerReference) the controller of the object, if it still is the one with this uid.
pub(crate) async fn adopt(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    uid: &str,
    owner: &impl Serialize,
) -> Result<Written, Error> {
    let patch = json!({"metadata": {"uid": uid, "ownerReferences": [owner]}});
    change(cluster, kind, key, Part::Whole, Patch::Strategic(patch)).await
}

/// Takes the reference to `owner` (a uid) away.
pub(crate) async fn release(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    uid: &str,
    owner: &str,
) -> Result<Written, Error> {
    let reference = json!({"$patch": "delete", "uid": owner});
    let patch = json!({"metadata": {"uid": uid, "ownerReferences": [reference]}});
    change(cluster, kind, key, Part::Whole, Patch::Strategic(patch)).await
}

/// Deletes; what is gone already is as good as deleted.
pub(crate) async fn delete(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    params: &DeleteParams,
) -> Result<Written, Error> {
    let failed = |source| Error::Delete { kind: kind.kind, key: key.clone(), source: Box::new(source) };
    let request = request(kind, &key.namespace).delete(&key.name, params);
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    match cluster.client.request(request).await {
        Ok(written) => Ok(written),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Written::default()),
        Err(error) => Err(failed(error)),
    }
}

/// Deletes every object of a kind in a namespace.
pub(crate) async fn delete_all(cluster: &Cluster, kind: &'static Kind, namespace: &str) -> Result<(), Error> {
    let key = Key::new(namespace, "*");
    let failed = |source| Error::Delete { kind: kind.kind, key, source: Box::new(source) };
    let request = request(kind, namespace).delete_collection(&DeleteParams::background(), &kube::api::ListParams::default());
    match request {
        Err(error) => Err(failed(kube::Error::BuildRequest(error))),
        Ok(request) => cluster.client.request::<Value>(request).await.map(drop).map_err(failed),
    }
}

/// Takes one of a namespace's own finalizers (`spec.finalizers`) away.
pub(crate) async fn finalize(cluster: &Cluster, namespace: &Key, uid: &str, finalizer: &str) -> Result<(), Error> {
    let kind = &api::kinds::NAMESPACE;
    let Some(mut live) = get::<Value>(cluster, kind, namespace).await? else { return Ok(()) };
    if live["metadata"]["uid"] != uid {
        return Ok(());
    }
    if let Some(finalizers) = live["spec"]["finalizers"].as_array_mut() {
        finalizers.retain(|name| name != finalizer);
    }
    let failed = |source| Error::Change { kind: kind.kind, key: namespace.clone(), source: Box::new(source) };
    let body = serde_json::to_vec(&live).map_err(|error| failed(kube::Error::SerdeError(error)))?;
    let request = request(kind, "").replace_subresource("finalize", &namespace.name, &PostParams::default(), body);
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    match cluster.client.request::<Value>(request).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(drop).map_err(failed),
    }
}

/// Only the object with this uid.
pub(crate) fn only(uid: &str) -> DeleteParams {
    let preconditions = kube::api::Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() }
}
