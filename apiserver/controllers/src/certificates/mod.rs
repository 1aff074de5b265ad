//! Requests for certificates: approved where a node asks for its own, signed, and forgotten in time.

/// Says yes to nodes.
mod approver;
/// What a request asks for.
mod asked;
/// Deletes what is over.
mod cleaner;
/// Signs what was approved.
mod signer;

use api::{Kind, Object, kinds};
use base64::{Engine, engine::general_purpose::STANDARD};
use client::{View, view};
use jiff::Timestamp;
use serde::Deserialize;

pub(crate) use approver::controller as approver;
pub(crate) use cleaner::controller as cleaner;
pub(crate) use signer::controller as signer;

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

/// A CertificateSigningRequest, as the three see it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestView {
    spec: Spec,
    status: StatusPart,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    request: String,
    signer_name: String,
    usages: Vec<String>,
    username: String,
    uid: String,
    groups: Option<Vec<String>>,
    extra: Option<serde_json::Map<String, serde_json::Value>>,
    expiration_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusPart {
    conditions: Option<Vec<Condition>>,
    certificate: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    last_update_time: Option<Timestamp>,
}

impl View for RequestView {
    const KIND: &'static Kind = &kinds::CERTIFICATE_SIGNING_REQUEST;

    fn of(object: &Object) -> Self {
        view::read(object)
    }
}

impl RequestView {
    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().flatten().find(|condition| condition.kind == kind)
    }

    fn has(&self, kind: &str) -> bool {
        self.condition(kind).is_some()
    }

    /// The certificate, PEM.
    fn certificate(&self) -> Option<String> {
        let encoded = self.status.certificate.as_deref().filter(|text| !text.is_empty())?;
        String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
    }

    fn request(&self) -> Result<String, String> {
        let bytes = STANDARD.decode(&self.spec.request).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}
