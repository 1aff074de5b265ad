//! ClusterTrustBundle: certificates that pods may trust.

use crate::{
    field::Error,
    kind::{Column, Field, Kind, Version},
    kinds::{
        checks::immutable,
        columns::or_none,
        read::{at, text},
    },
};

pub static KIND: Kind = Kind {
    kind: "ClusterTrustBundle",
    plural: "clustertrustbundles",
    versions: &[Version::hub("certificates.k8s.io", "v1beta1", "io.k8s.api.certificates.v1beta1.ClusterTrustBundle")],
    columns: &[
        Column::NAME,
        Column::text("SignerName", |bundle| or_none(text(bundle, &["spec", "signerName"]))),
        Column::AGE,
    ],
    fields: &[Field { path: "spec.signerName", value: |bundle| text(bundle, &["spec", "signerName"]).to_owned() }],
    name: |name| name.split(':').flat_map(crate::names::dns_subdomain).collect(),
    validate: |bundle| {
        let mut errors = Vec::new();
        let (name, signer) = (text(bundle, &["metadata", "name"]), text(bundle, &["spec", "signerName"]));
        let prefix = format!("{}:", signer.replace('/', ":"));
        if !signer.is_empty() && !name.starts_with(&prefix) {
            let detail = format!("ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}");
            errors.push(Error::invalid("metadata.name", name, detail));
        }
        if signer.is_empty() && name.contains(':') {
            let detail = "ClusterTrustBundle without signer name must not have \":\" in its name";
            errors.push(Error::invalid("metadata.name", name, detail));
        }
        if !text(bundle, &["spec", "trustBundle"]).contains("-----BEGIN CERTIFICATE-----") {
            let detail = "at least one trust anchor must be provided";
            errors.push(Error::invalid("spec.trustBundle", "<value omitted>", detail));
        }
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        let signer = ["spec", "signerName"];
        immutable(&mut errors, "spec.signerName", at(new, &signer), at(old, &signer));
        errors
    },
    ..Kind::CLUSTER
};
