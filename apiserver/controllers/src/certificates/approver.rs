//! Says yes to nodes that ask for a certificate of their own, if they may ask for one.

use api::{Key, kinds};
use client::{Action, Cluster, Controller};
use kube::core::Request;
use serde_json::{Value, json};

use super::{KUBELET_CLIENT, RequestView, asked::Asked};
use crate::{
    error::Error,
    objects::{self, Part},
};

pub(crate) fn controller() -> Controller {
    Controller::new("csrapproving", reconcile).watches::<RequestView>()
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<RequestView>().get(&key) else { return Ok(Action::Done) };
    let request = &item.view;
    let decided = request.has("Approved") || request.has("Denied") || request.certificate().is_some();
    if decided || request.spec.signer_name != KUBELET_CLIENT {
        return Ok(Action::Done);
    }
    // What cannot be read is for people to look at.
    let Ok(asked) = request.request().and_then(|pem| Asked::of(&pem)) else { return Ok(Action::Done) };
    if asked.refusal(&request.spec).is_some() {
        return Ok(Action::Done);
    }
    let own = (asked.name == request.spec.username).then_some("selfnodeclient");
    for subresource in own.into_iter().chain(["nodeclient"]) {
        if !may(&cluster, &key, request, subresource).await? {
            continue;
        }
        let what =
            if subresource == "nodeclient" { "kubelet client certificate" } else { "self kubelet client certificate" };
        let mut conditions = item.object.value()["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.push(json!({
            "type": "Approved", "status": "True", "reason": "AutoApproved",
            "message": format!("Auto approving {what} after SubjectAccessReview."),
        }));
        let revision = item.revision().0.to_string();
        let patch = json!({ "metadata": { "resourceVersion": revision }, "status": { "conditions": conditions } });
        let written = objects::merge(&cluster, &kinds::CERTIFICATE_SIGNING_REQUEST, &key, Part::Approval, patch).await;
        return match written {
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(Action::Done),
            other => other.map(|_| Action::Done),
        };
    }
    Ok(Action::Done)
}

/// Whether whoever made the request may create `certificatesigningrequests/<subresource>`.
async fn may(cluster: &Cluster, key: &Key, request: &RequestView, subresource: &str) -> Result<bool, Error> {
    let spec = &request.spec;
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": spec.username, "uid": spec.uid, "groups": spec.groups, "extra": spec.extra,
            "resourceAttributes": {
                "group": "certificates.k8s.io", "resource": "certificatesigningrequests", "subresource": subresource,
                "verb": "create", "version": "*",
            },
        },
    });
    let failed = |source| Error::Read { kind: "SubjectAccessReview", key: key.clone(), source: Box::new(source) };
    let request = Request::new("/apis/authorization.k8s.io/v1/subjectaccessreviews");
    let request = request.create(&kube::api::PostParams::default(), review.to_string().into_bytes());
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    let answer: Value = cluster.client.request(request).await.map_err(failed)?;
    Ok(answer["status"]["allowed"] == true)
}
