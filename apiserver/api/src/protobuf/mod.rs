//! Protobuf to JSON and back by the schema, and the envelope in which the API sends protobuf.

mod decode;
/// Go's way to write a duration.
pub mod duration;
mod encode;
#[cfg(test)]
mod tests;
/// Tags, varints and lengths.
pub(crate) mod wire;

use serde_json::{Map, Value};

use crate::schema::{Type, find};
use wire::Writer;

/// What every protobuf body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// `value`, which must conform to `schema` (see [`crate::fields::conform`]); what does not is left out.
pub fn encode(schema: &'static Type, value: &Value) -> Vec<u8> {
    let mut out = Writer::default();
    if let Value::Object(map) = value {
        encode::message(schema, map, &mut out);
    }
    out.into_bytes()
}

/// A message of type `schema` as JSON, without `apiVersion` and `kind`, which the envelope has.
/// Zero values of fields that Go does not distinguish from absent ones are left out, as Go's JSON does.
///
/// # Errors
/// When `bytes` is not such a message.
pub fn decode(schema: &'static Type, bytes: &[u8]) -> Result<Value, String> {
    let mut map = Map::new();
    decode::message(schema, bytes, &mut map)?;
    Ok(Value::Object(map))
}

/// `runtime.Unknown` around an encoded object.
pub fn wrap(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut meta = Writer::default();
    meta.string(1, api_version);
    meta.string(2, kind);
    let mut unknown = Writer::starting_with(MAGIC, raw.len() + 64);
    unknown.bytes(1, &meta.into_bytes());
    unknown.bytes(2, raw);
    unknown.string(3, "");
    unknown.string(4, "");
    unknown.into_bytes()
}

/// The way back: apiVersion, kind and the encoded object.
///
/// # Errors
/// When `bytes` has no envelope.
pub fn unwrap(bytes: &[u8]) -> Result<(String, String, &[u8]), String> {
    let unknown = bytes
        .strip_prefix(MAGIC)
        .ok_or("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")?;
    let (mut api_version, mut kind, mut raw): (String, String, &[u8]) = Default::default();
    for field in wire::fields(unknown) {
        match field? {
            (1, wire::Data::Bytes(meta)) => {
                for field in wire::fields(meta) {
                    match field? {
                        (1, data) => api_version = data.text()?,
                        (2, data) => kind = data.text()?,
                        _ => {}
                    }
                }
            }
            (2, wire::Data::Bytes(body)) => raw = body,
            _ => {}
        }
    }
    Ok((api_version, kind, raw))
}

/// An object that says what it is, as one protobuf body; `None` for a kind that has no protobuf.
pub fn encode_object(value: &Value) -> Option<Vec<u8>> {
    let (api_version, kind) = (value["apiVersion"].as_str()?, value["kind"].as_str()?);
    let raw = encode(schema_of(api_version, kind)?, value);
    Some(wrap(api_version, kind, &raw))
}

/// The way back.
///
/// # Errors
/// When `bytes` has no envelope, is of an unknown kind, or is not what it says.
pub fn decode_object(bytes: &[u8]) -> Result<Value, String> {
    let (api_version, kind, raw) = unwrap(bytes)?;
    let schema = schema_of(&api_version, &kind)
        .ok_or_else(|| format!("no kind {kind:?} is registered for version {api_version:?}"))?;
    let mut value = decode(schema, raw)?;
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    Ok(value)
}

/// One frame of a watch: four bytes of length, then a `WatchEvent` around an enveloped object.
pub fn watch_frame(event: &str, object: &[u8]) -> Vec<u8> {
    let mut raw = Writer::default();
    raw.bytes(1, object);
    let mut message = Writer::default();
    message.string(1, event);
    message.bytes(2, &raw.into_bytes());
    let message = message.into_bytes();
    let length = u32::try_from(message.len()).expect("an object is far below 4 GB");
    [&length.to_be_bytes(), message.as_slice()].concat()
}

fn schema_of(api_version: &str, kind: &str) -> Option<&'static Type> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let options =
        ["DeleteOptions", "ListOptions", "GetOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "WatchEvent"];
    match (options.iter().find(|name| **name == kind), group, kind) {
        // these belong to every group
        (Some(name), ..) => find(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}")),
        (None, "meta.k8s.io", "PartialObjectMetadata") => find("io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata"),
        (None, "meta.k8s.io", "PartialObjectMetadataList") => {
            find(&format!("io.k8s.apimachinery.pkg.apis.meta.{version}.PartialObjectMetadataList"))
        }
        _ => crate::schema::find_kind(group, version, kind),
    }
}
