//! Signs requests that were approved, for the signers that the cluster itself is.

use std::{sync::Arc, time::Duration};

use api::{Key, kinds};
use base64::{Engine, engine::general_purpose::STANDARD};
use client::{Action, Cluster, Controller};
use serde_json::{Value, json};

use super::{CLIENT, KUBELET_CLIENT, KUBELET_SERVING, RequestView, asked::Asked};
use crate::{
    Authority,
    error::Error,
    objects::{self, Part},
};

const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
const SHORTEST: Duration = Duration::from_secs(600);

pub(crate) fn controller(authority: Arc<dyn Authority>) -> Controller {
    Controller::new("csrsigning", move |cluster, key| reconcile(cluster, key, authority.clone())).watches::<RequestView>()
}

async fn reconcile(cluster: Cluster, key: Key, authority: Arc<dyn Authority>) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<RequestView>().get(&key) else { return Ok(Action::Done) };
    let request = &item.view;
    let ours = [CLIENT, KUBELET_CLIENT, KUBELET_SERVING].contains(&request.spec.signer_name.as_str());
    let due = request.has("Approved") && !request.has("Denied") && !request.has("Failed");
    if !ours || !due || request.certificate().is_some() {
        return Ok(Action::Done);
    }
    let status = match sign(request, &*authority) {
        Ok(certificate) => json!({ "certificate": STANDARD.encode(certificate) }),
        Err(why) => json!({ "conditions": with_failure(&item.object.value()["status"]["conditions"], &why) }),
    };
    // Over another's decision that came meanwhile nothing is written.
    let patch = json!({ "metadata": { "resourceVersion": item.revision().0.to_string() }, "status": status });
    match objects::merge(&cluster, &kinds::CERTIFICATE_SIGNING_REQUEST, &key, Part::Status, patch).await {
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(Action::Done),
        other => other.map(|_| Action::Done),
    }
}

fn sign(request: &RequestView, authority: &dyn Authority) -> Result<String, String> {
    let pem = request.request()?;
    if let Some(why) = Asked::of(&pem)?.refusal(&request.spec) {
        return Err(why);
    }
    let usages: Vec<&str> = request.spec.usages.iter().map(String::as_str).collect();
    let asked = request.spec.expiration_seconds.map_or(LONGEST, Duration::from_secs);
    authority.sign_certificate(&pem, &usages, asked.clamp(SHORTEST, LONGEST))
}

fn with_failure(conditions: &Value, why: &str) -> Value {
    let mut all = conditions.as_array().cloned().unwrap_or_default();
    all.push(json!({ "type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": why }));
    all.into()
}
