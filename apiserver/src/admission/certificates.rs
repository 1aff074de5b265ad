//! Requests for certificates: whose they are, who may approve them, who may sign them.

use api::{Status, kinds};
use jiff::Timestamp;
use serde_json::{Value, json};
use x509_parser::{certification_request::X509CertificationRequest, pem::Pem, prelude::FromDer};

use super::{Attributes, Mutate, Operation, Plugin, Validate};
use crate::{
    authorization::{self, MASTERS},
    handlers::reviews,
    request_info::RequestInfo,
};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "CertificateSigningRequests",
    concerns: |attributes| {
        std::ptr::eq(attributes.row.kind, &kinds::CERTIFICATE_SIGNING_REQUEST)
            && matches!(attributes.operation, Operation::Create | Operation::Update)
    },
    mutate: Mutate::Now(mutate),
    validate: Validate::Now(validate),
};

const DECISIONS: [&str; 2] = ["Approved", "Denied"];

fn mutate(attributes: &Attributes<'_>, request: &mut Value) -> Result<(), Status> {
    match (attributes.operation, attributes.call.info.subresource.as_str()) {
        (Operation::Create, _) => {
            // Who asks is not the client's to say.
            let mut user = reviews::user(&attributes.call.caller.identity);
            for field in ["username", "uid", "groups", "extra"] {
                match user[field].take() {
                    Value::Null => drop(request["spec"].as_object_mut().map(|spec| spec.remove(field))),
                    said => request["spec"][field] = said,
                }
            }
        }
        (_, "approval") => {
            let conditions = request["status"]["conditions"].take();
            request["status"] = attributes.old.map_or_else(|| json!({}), |old| old["status"].clone());
            request["status"]["conditions"] = conditions;
            date(request);
        }
        (_, "status") => date(request),
        _ => {}
    }
    Ok(())
}

/// Says of each condition when it came.
fn date(request: &mut Value) {
    let now = crate::handlers::metadata::now().to_string();
    for condition in request["status"]["conditions"].as_array_mut().into_iter().flatten() {
        for field in ["lastUpdateTime", "lastTransitionTime"] {
            let dated = condition[field].as_str().is_some_and(|time| time.parse::<Timestamp>().is_ok());
            if condition.is_object() && !dated {
                condition[field] = now.as_str().into();
            }
        }
    }
}

fn validate(attributes: &Attributes<'_>, request: &Value) -> Result<(), Status> {
    let signer = request["spec"]["signerName"].as_str().unwrap_or_default();
    let old = attributes.old.unwrap_or(&Value::Null);
    match (attributes.operation, attributes.call.info.subresource.as_str()) {
        (Operation::Create, _) if signer == "kubernetes.io/kube-apiserver-client" && wants_everything(request) => {
            let why = format!("use of {signer} signer with {MASTERS} group is not allowed");
            Err(attributes.forbidden(request, &why))
        }
        (Operation::Update, "approval") => may(attributes, request, "approve", signer),
        (Operation::Update, "status") => {
            for kind in DECISIONS {
                decided(attributes, request, old, kind)?;
            }
            let signs = ["certificate", "conditions"].iter().any(|field| request["status"][field] != old["status"][field]);
            if signs { may(attributes, request, "sign", signer) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// Only the path of approval decides.
fn decided(attributes: &Attributes<'_>, new: &Value, old: &Value, kind: &str) -> Result<(), Status> {
    let all = |request: &Value| {
        let conditions = request["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.into_iter().filter(|condition| condition["type"] == kind).collect::<Vec<_>>()
    };
    let (new_ones, old_ones) = (all(new), all(old));
    let what = match new_ones.len().cmp(&old_ones.len()) {
        std::cmp::Ordering::Less => "remove",
        std::cmp::Ordering::Greater => "add",
        std::cmp::Ordering::Equal if new_ones == old_ones => return Ok(()),
        std::cmp::Ordering::Equal => "modify",
    };
    let why = format!("updates may not {what} a condition of type {kind:?}");
    let error = api::field::Error::forbidden("status.conditions", why);
    Err(Status::invalid(attributes.row.kind, attributes.name(new), &[error]))
}

/// Whether the caller may do this to requests for `signer`, or for all signers of its domain.
fn may(attributes: &Attributes<'_>, request: &Value, verb: &'static str, signer: &str) -> Result<(), Status> {
    let identity = &attributes.call.caller.identity;
    let domain = format!("{}/*", signer.split('/').next().unwrap_or_default());
    let allowed = [signer, &domain].into_iter().any(|name| {
        let info = RequestInfo {
            verb,
            group: "certificates.k8s.io".into(),
            resource: "signers".into(),
            name: name.into(),
            ..RequestInfo::default()
        };
        authorization::decide(attributes.app, identity, verb, &info, "").allowed
    });
    if allowed {
        return Ok(());
    }
    Err(attributes.forbidden(request, &format!("user not permitted to {verb} requests with signerName {signer:?}")))
}

/// Whether the subject is of the group that may do everything. What cannot be read is refused by others.
fn wants_everything(request: &Value) -> bool {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let pem = STANDARD.decode(request["spec"]["request"].as_str().unwrap_or_default()).unwrap_or_default();
    let Some(Ok(pem)) = Pem::iter_from_buffer(&pem).next() else { return false };
    let Ok((_, parsed)) = X509CertificationRequest::from_der(&pem.contents) else { return false };
    let groups = parsed.certification_request_info.subject.iter_organization();
    groups.into_iter().any(|group| group.as_str() == Ok(MASTERS))
}
