//! Lease: a heartbeat, or a lock among replicas.

use crate::{
    kind::{Column, Kind, Version},
    kinds::read::text,
};

pub static KIND: Kind = Kind {
    kind: "Lease",
    plural: "leases",
    versions: &[Version::hub("coordination.k8s.io", "v1", "io.k8s.api.coordination.v1.Lease")],
    columns: &[Column::NAME, Column::text("Holder", |object| text(object, &["spec", "holderIdentity"]).into()), Column::AGE],
    ..Kind::NAMESPACED
};
