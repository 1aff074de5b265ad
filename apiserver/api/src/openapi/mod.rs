//! OpenAPI v2 and v3, made from the rows of the kinds and the schema table.

/// OpenAPI v2 as the protobuf that older clients insist on.
mod gnostic;
/// What one can do at a path, in no dialect.
mod operation;
/// The paths of a kind.
mod paths;
/// Types as JSON schemas.
mod schemas;
#[cfg(test)]
mod tests;
mod v2;
mod v3;

use serde_json::Value;

use crate::{Kind, schema::Type};

/// The media type of [`v2_protobuf`].
pub const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The documentation of a type, or of one of its fields.
pub type Describe<'a> = &'a dyn Fn(&'static Type, Option<&str>) -> Option<String>;

/// The document at `/openapi/v3/apis/{group}/{version}`: what is served there, and every type that it mentions.
pub fn v3_group(kinds: &[&Kind], group: &str, version: &str, describe: Describe<'_>) -> Value {
    let items = paths::of_group(kinds, group, version);
    v3::document(&items, describe)
}

/// The document at `/openapi/v2`: everything.
pub fn v2(kinds: &[&Kind], describe: Describe<'_>) -> Value {
    let mut served: Vec<(&str, &str)> =
        kinds.iter().flat_map(|kind| kind.versions).map(|version| (version.group, version.version)).collect();
    served.sort_unstable();
    served.dedup();
    let items: Vec<_> = served.iter().flat_map(|(group, version)| paths::of_group(kinds, group, version)).collect();
    v2::document(&items, describe)
}

/// What [`v2`] made, as `openapi.v2.Document`. Clients accept it as `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`, but
/// the answer must say [`V2_PROTOBUF`]: with the `@` it is no media type, and the same clients refuse it.
pub fn v2_protobuf(document: &Value) -> Vec<u8> {
    gnostic::document(document)
}
