//! `AdmissionReview`: what a webhook is told, and what it answers.

use api::{Status, kind::Version, status::Details};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Attributes, Operation, matching::in_version};
use crate::handlers::reviews;

/// What a webhook said, checked.
pub(super) struct Answer {
    pub(super) allowed: bool,
    /// The refusal, as it was sent.
    status: Value,
    /// Operations of a JSON patch.
    pub(super) patch: Option<Value>,
    pub(super) warnings: Vec<String>,
    pub(super) annotations: Value,
}

/// The request as `version` of the kind shows it. `object` is in that version already.
pub(super) fn request(attributes: &Attributes<'_>, version: &'static Version, uid: &str, object: &Value) -> Value {
    let (call, row, body) = (attributes.call, attributes.row, attributes.body());
    let kind = if attributes.has_own_body() || attributes.operation == Operation::Connect {
        json!({ "group": body.group, "version": body.version, "kind": body.kind })
    } else {
        json!({ "group": version.group, "version": version.version, "kind": row.kind.kind })
    };
    let mut request = json!({
        "uid": uid,
        "kind": kind,
        "resource": { "group": version.group, "version": version.version, "resource": row.kind.plural },
        "requestKind": { "group": body.group, "version": body.version, "kind": body.kind },
        "requestResource": { "group": row.version.group, "version": row.version.version, "resource": row.kind.plural },
        "operation": attributes.operation.as_str(),
        "userInfo": reviews::user(&call.caller.identity),
        "object": object,
        "oldObject": attributes.old.map_or(Value::Null, |old| in_version(attributes, version, old)),
        "dryRun": attributes.dry_run(),
        "options": attributes.options(),
    });
    if !call.info.subresource.is_empty() {
        request["subResource"] = call.info.subresource.as_str().into();
        request["requestSubResource"] = call.info.subresource.as_str().into();
    }
    let name = attributes.name(object);
    if !name.is_empty() {
        request["name"] = name.into();
    }
    if !attributes.namespace().is_empty() {
        request["namespace"] = attributes.namespace().into();
    }
    request
}

pub(super) fn body(review_version: &str, request: Value) -> Bytes {
    let review = json!({ "kind": "AdmissionReview", "apiVersion": review_version, "request": request });
    review.to_string().into()
}

impl Answer {
    /// Reads a review that answers `uid`.
    ///
    /// # Errors
    /// In upstream's words (`staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go`).
    pub(super) fn read(bytes: &Bytes, review_version: &str, uid: &str, mutating: bool) -> Result<Self, String> {
        let review: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let kind = |version: &Value, kind: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{}, Kind={}", text(version), text(kind))
        };
        if review["apiVersion"] != review_version || review["kind"] != "AdmissionReview" {
            let (wanted, got) =
                (format!("{review_version}, Kind=AdmissionReview"), kind(&review["apiVersion"], &review["kind"]));
            return Err(format!("expected webhook response of {wanted}, got {got}"));
        }
        let response = &review["response"];
        if !response.is_object() {
            return Err("webhook response was absent".to_owned());
        }
        // The beta did not have to say which request it answers.
        if review_version.ends_with("/v1") && response["uid"] != uid {
            return Err(format!("expected response.uid={uid:?}, got {:?}", response["uid"].as_str().unwrap_or_default()));
        }
        let warnings = response["warnings"].as_array().into_iter().flatten();
        Ok(Self {
            allowed: response["allowed"] == true,
            status: response["status"].clone(),
            patch: patch(response, mutating)?,
            warnings: warnings.filter_map(|warning| warning.as_str().map(str::to_owned)).collect(),
            annotations: response["auditAnnotations"].clone(),
        })
    }

    /// The refusal that the client sees.
    pub(super) fn refusal(&self, webhook: &str) -> Status {
        let text = |name: &str| self.status[name].as_str().unwrap_or_default();
        let denied = format!("admission webhook {webhook:?} denied the request");
        let message = match (text("message"), text("reason")) {
            ("", "") => format!("{denied} without explanation"),
            ("", why) | (why, _) => format!("{denied}: {why}"),
        };
        let code = self.status["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400);
        let mut status = Status::failure(code.unwrap_or(400), text("reason"), message);
        // Details of the wrong form say nothing that a client could use.
        status.details = serde_json::from_value::<Details>(self.status["details"].clone()).ok().map(Box::new);
        status
    }
}

fn patch(response: &Value, mutating: bool) -> Result<Option<Value>, String> {
    let encoded = response["patch"].as_str().unwrap_or_default();
    let kind = response["patchType"].as_str();
    if !mutating && (!encoded.is_empty() || kind.is_some()) {
        return Err("validating webhook may not return response.patch or response.patchType".to_owned());
    }
    match (encoded, kind) {
        ("", None) => return Ok(None),
        ("", Some(_)) => return Err("webhook returned response.patchType but not response.patch".to_owned()),
        (_, None) => return Err("webhook returned response.patch but not response.patchType".to_owned()),
        (_, Some("JSONPatch")) => {}
        (_, Some(other)) => return Err(format!("webhook returned invalid response.patchType of {other:?}")),
    }
    let bytes = STANDARD.decode(encoded).map_err(|error| format!("illegal base64 data: {error}"))?;
    let patch: Value = serde_json::from_slice(&bytes).map_err(|error| format!("undecodable patch: {error}"))?;
    Ok(Some(patch).filter(|patch| patch.as_array().is_none_or(|operations| !operations.is_empty())))
}
