//! CertificateSigningRequest: somebody wants a certificate.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Field, Kind, Serves, Subresource, Version},
    kinds::{
        checks::immutable,
        columns::{human_duration, or_none},
        default::member,
        read::{at, list, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    short_names: &["csr"],
    versions: &[Version::hub("certificates.k8s.io", "v1", "io.k8s.api.certificates.v1.CertificateSigningRequest")],
    subresources: &[Subresource { name: "approval", serves: Serves::Approval, ..Subresource::STATUS }, Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::AGE,
        Column::text("SignerName", |request| text(request, &["spec", "signerName"]).into()),
        Column::text("Requestor", |request| text(request, &["spec", "username"]).into()),
        Column::text("RequestedDuration", |request| {
            or_none(at(request, &["spec", "expirationSeconds"]).as_i64().map_or_else(String::new, human_duration))
        }),
        Column::text("Condition", condition),
    ],
    fields: &[Field { path: "spec.signerName", value: |request| text(request, &["spec", "signerName"]).to_owned() }],
    default: |request| {
        let spec = member(request, "spec");
        if list(spec, &["usages"]).is_empty() {
            spec["usages"] = serde_json::json!(["digital signature", "key encipherment"]);
        }
    },
    prepare_create: status::clear,
    prepare_update: |new, old| {
        status::keep(new, old);
        new["spec"] = old["spec"].clone();
    },
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        immutable(&mut errors, "spec", at(new, &["spec"]), at(old, &["spec"]));
        errors
    },
    validate_status,
    ..Kind::CLUSTER
};

const USAGES: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

fn has(request: &Value, kind: &str) -> bool {
    list(request, &["status", "conditions"]).iter().any(|condition| condition["type"] == kind)
}

fn condition(request: &Value) -> Value {
    let mut shown = if has(request, "Denied") {
        "Denied".to_owned()
    } else if has(request, "Approved") {
        "Approved".to_owned()
    } else {
        "Pending".to_owned()
    };
    if has(request, "Failed") {
        shown.push_str(",Failed");
    }
    if !text(request, &["status", "certificate"]).is_empty() {
        shown.push_str(",Issued");
    }
    shown.into()
}

/// pkg/apis/certificates/validation/validation.go
fn validate(request: &Value) -> Vec<Error> {
    let spec = at(request, &["spec"]);
    let mut errors = Vec::new();
    if let Err(why) = pem(text(spec, &["request"]), "CERTIFICATE REQUEST") {
        let value = text(spec, &["request"]);
        errors.push(Error::invalid("spec.request", value, why));
    }
    let usages = list(spec, &["usages"]);
    if usages.is_empty() {
        errors.push(Error::required("spec.usages", ""));
    }
    for (i, usage) in usages.iter().enumerate() {
        if !USAGES.contains(&usage.as_str().unwrap_or_default()) {
            errors.push(Error::not_supported(format!("spec.usages[{i}]"), usage.clone(), USAGES));
        }
        if usages[..i].contains(usage) {
            errors.push(Error::duplicate(format!("spec.usages[{i}]"), usage.clone()));
        }
    }
    let signer = text(spec, &["signerName"]);
    match signer.split_once('/') {
        _ if signer.is_empty() => errors.push(Error::required("spec.signerName", "")),
        Some((domain, path))
            if domain.contains('.') && !path.is_empty() && crate::names::dns_subdomain(domain).is_empty() => {}
        _ => {
            let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
            errors.push(Error::invalid("spec.signerName", signer, detail));
        }
    }
    if signer == "kubernetes.io/legacy-unknown" {
        let detail = "the legacy signerName is not allowed via this API version";
        errors.push(Error::invalid("spec.signerName", signer, detail));
    }
    if let Some(seconds) = at(spec, &["expirationSeconds"]).as_i64().filter(|seconds| *seconds < 600) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(Error::invalid("spec.expirationSeconds", seconds, detail));
    }
    errors
}

/// One block of the kind that is wanted.
fn pem(encoded: &str, wanted: &str) -> Result<(), String> {
    let bytes = STANDARD.decode(encoded).map_err(|error| error.to_string())?;
    let begin = format!("-----BEGIN {wanted}-----");
    let good = std::str::from_utf8(&bytes).is_ok_and(|text| text.trim_start().starts_with(&begin));
    if good { Ok(()) } else { Err(format!("PEM block type must be {wanted}")) }
}

fn validate_status(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let conditions = list(new, &["status", "conditions"]);
    for (i, condition) in conditions.iter().enumerate() {
        let path = format!("status.conditions[{i}]");
        let kind = text(condition, &["type"]);
        if kind.is_empty() {
            errors.push(Error::required(format!("{path}.type"), ""));
        }
        match text(condition, &["status"]) {
            "" => errors.push(Error::required(format!("{path}.status"), "")),
            "True" => {}
            status if matches!(kind, "Approved" | "Denied" | "Failed") => {
                errors.push(Error::not_supported(format!("{path}.status"), status, &["True"]));
            }
            "False" | "Unknown" => {}
            status => errors.push(Error::not_supported(format!("{path}.status"), status, &["False", "True", "Unknown"])),
        }
        if conditions[..i].iter().any(|other| text(other, &["type"]) == kind) {
            errors.push(Error::duplicate(format!("{path}.type"), kind));
        }
    }
    for (one, other) in [("Approved", "Denied"), ("Denied", "Approved")] {
        if has(new, one) && has(new, other) && !has(old, one) {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.push(Error::invalid("status.conditions", one, detail));
        }
    }
    for kind in ["Approved", "Denied", "Failed"].into_iter().filter(|kind| has(old, kind) && !has(new, kind)) {
        let detail = format!("updates may not remove a condition of type \"{kind}\"");
        errors.push(Error::forbidden("status.conditions", detail));
    }
    let (new, old) = (text(new, &["status", "certificate"]), text(old, &["status", "certificate"]));
    if !old.is_empty() && new != old {
        let detail = "updates may not set certificate content if existing certificate content is present";
        errors.push(Error::forbidden("status.certificate", detail));
    }
    if !new.is_empty()
        && let Err(why) = pem(new, "CERTIFICATE")
    {
        errors.push(Error::invalid("status.certificate", new, why));
    }
    errors
}
