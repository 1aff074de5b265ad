//! ServiceAccount: who a pod is.

use crate::{
    kind::{Column, Kind, Serves, Subresource, Version},
    kinds::read::list,
};

pub static KIND: Kind = Kind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    short_names: &["sa"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.ServiceAccount")],
    subresources: &[Subresource {
        name: "token",
        verbs: &["create"],
        group: "authentication.k8s.io",
        version: "v1",
        kind: "TokenRequest",
        serves: Serves::Token,
    }],
    columns: &[Column::NAME, Column::text("Secrets", |object| list(object, &["secrets"]).len().into()), Column::AGE],
    shows_deleted: true,
    ..Kind::NAMESPACED
};
