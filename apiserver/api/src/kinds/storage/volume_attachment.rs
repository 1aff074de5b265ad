//! VolumeAttachment: a volume is to be attached to a node.

use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        checks::{immutable, named},
        read::{at, text},
        status,
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "VolumeAttachment",
    plural: "volumeattachments",
    versions: &[Version::hub("storage.k8s.io", "v1", "io.k8s.api.storage.v1.VolumeAttachment")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Attacher", |attachment| text(attachment, &["spec", "attacher"]).into()),
        Column::text("PV", |attachment| text(attachment, &["spec", "source", "persistentVolumeName"]).into()),
        Column::text("Node", |attachment| text(attachment, &["spec", "nodeName"]).into()),
        Column::text("Attached", |attachment| {
            at(attachment, &["status", "attached"]).as_bool().unwrap_or_default().to_string().into()
        }),
        Column::AGE,
    ],
    prepare_create: |attachment| status::reset(attachment, serde_json::json!({"attached": false})),
    prepare_update: status::keep,
    validate: |attachment| {
        let mut errors = Vec::new();
        named(&mut errors, "spec.attacher".into(), text(attachment, &["spec", "attacher"]), names::dns_subdomain);
        let source = at(attachment, &["spec", "source"]);
        match (at(source, &["inlineVolumeSpec"]).is_null(), at(source, &["persistentVolumeName"]).is_null()) {
            (true, true) => {
                errors.push(Error::required(
                    "spec.source",
                    "must specify exactly one of inlineVolumeSpec and persistentVolumeName",
                ));
            }
            (false, false) => {
                errors.push(Error::forbidden(
                    "spec.source",
                    "must specify exactly one of inlineVolumeSpec and persistentVolumeName",
                ));
            }
            _ => {}
        }
        named(&mut errors, "spec.nodeName".into(), text(attachment, &["spec", "nodeName"]), names::dns_subdomain);
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        immutable(&mut errors, "spec", at(new, &["spec"]), at(old, &["spec"]));
        errors
    },
    shows_deleted: true,
    ..Kind::CLUSTER
};
