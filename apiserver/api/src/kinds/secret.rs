//! Secret: data for pods that is not to be shown.

use crate::{
    kind::{Column, Field, Kind, Version},
    kinds::read::{at, text},
};

pub static KIND: Kind = Kind {
    kind: "Secret",
    plural: "secrets",
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Secret")],
    columns: &[
        Column::NAME,
        Column::text("Type", |object| text(object, &["type"]).into()),
        Column::text("Data", |object| at(object, &["data"]).as_object().map_or(0, serde_json::Map::len).into()).integer(),
        Column::AGE,
    ],
    fields: &[Field { path: "type", value: |object| text(object, &["type"]).to_owned() }],
    ..Kind::NAMESPACED
};
