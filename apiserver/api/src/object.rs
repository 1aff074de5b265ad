//! An object as it is stored, sent and watched: serialized once by the request, the revision spliced in by the writer.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Key, Kind, Revision};

/// Labels in the order of their keys.
pub type Labels = Box<[(Box<str>, Box<str>)]>;

/// What readers need of an object without decoding it; parsed once, at the commit.
#[derive(Clone, Debug)]
pub struct Meta {
    pub key: Key,
    pub uid: Box<str>,
    pub labels: Labels,
    /// The values of the kind's selectable fields, in the order of [`Kind::fields`].
    pub fields: Box<[Box<str>]>,
    /// What no other object may hold at the same time (`ip/10.43.0.9`, `port/tcp/30080`).
    pub claims: Box<[Box<str>]>,
}

/// An object on its way to the store: all of it but its revision.
#[derive(Clone, Debug)]
pub struct Draft {
    pub meta: Meta,
    /// JSON of the hub version up to the opening quote of `metadata.resourceVersion`.
    head: Bytes,
    /// JSON from the closing quote on.
    tail: Bytes,
}

/// A committed object. `bytes` is its JSON in the kind's hub version, `resourceVersion` included.
#[derive(Clone, Debug)]
pub struct Object {
    pub meta: Meta,
    pub revision: Revision,
    pub bytes: Bytes,
}

impl Meta {
    /// Reads what a selector, a claim or a precondition can ask for out of `value` (hub version).
    pub fn of(kind: &Kind, value: &Value) -> Self {
        let metadata = &value["metadata"];
        let text = |name: &str| metadata[name].as_str().unwrap_or("");
        let labels = metadata["labels"].as_object().map(|labels| {
            let mut labels: Vec<(Box<str>, Box<str>)> =
                labels.iter().map(|(k, v)| (k.as_str().into(), v.as_str().unwrap_or("").into())).collect();
            labels.sort();
            labels.into_boxed_slice()
        });
        Self {
            key: Key::new(text("namespace"), text("name")),
            uid: text("uid").into(),
            labels: labels.unwrap_or_default(),
            fields: kind.field_values(value),
            claims: (kind.claims)(value).into_iter().map(String::into_boxed_str).collect(),
        }
    }
}

impl Draft {
    /// Serializes `value`, an object of `kind` in its hub version; a `resourceVersion` in it is ignored.
    pub fn new(kind: &Kind, value: Value) -> Self {
        Self::with_managed(kind, value, None)
    }

    /// The same with `managed`, JSON, for its `metadata.managedFields`.
    pub fn with_managed(kind: &Kind, mut value: Value, managed: Option<&str>) -> Self {
        let meta = Meta::of(kind, &value);
        let mut head = Vec::with_capacity(96);
        head.extend_from_slice(b"{\"apiVersion\":");
        write(&mut head, &Value::String(kind.stored_api_version(&value)));
        head.extend_from_slice(b",\"kind\":");
        write(&mut head, &Value::String(kind.kind.to_owned()));
        head.extend_from_slice(b",\"metadata\":{\"resourceVersion\":\"");

        let mut tail = Vec::with_capacity(2048);
        tail.push(b'"');
        let mut metadata = value["metadata"].take();
        let fields = value.as_object_mut().expect("an object that was decoded is a JSON object");
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.remove("resourceVersion");
            if let Some(managed) = managed {
                metadata.remove("managedFields");
                tail.extend_from_slice(b",\"managedFields\":");
                tail.extend_from_slice(managed.as_bytes());
            }
            members(&mut tail, metadata);
        }
        tail.push(b'}');
        for name in ["apiVersion", "kind", "metadata"] {
            fields.remove(name);
        }
        members(&mut tail, fields);
        tail.push(b'}');
        Self { meta, head: head.into(), tail: tail.into() }
    }

    /// The object this becomes when it is committed as `revision`.
    pub fn commit(self, revision: Revision) -> Object {
        let digits = revision.to_string();
        let mut bytes = Vec::with_capacity(self.head.len() + digits.len() + self.tail.len());
        bytes.extend_from_slice(&self.head);
        bytes.extend_from_slice(digits.as_bytes());
        bytes.extend_from_slice(&self.tail);
        Object { meta: self.meta, revision, bytes: bytes.into() }
    }

    /// Bytes this will take, give or take the digits of its revision.
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub fn is_empty(&self) -> bool {
        false
    }
}

impl Object {
    /// Takes back what [`Draft::commit`] made, after a restart.
    ///
    /// # Errors
    /// When `bytes` is not JSON: the file was changed by somebody else.
    pub fn load(kind: &Kind, revision: Revision, bytes: Bytes) -> serde_json::Result<Self> {
        let mut value: Value = serde_json::from_slice(&bytes)?;
        if kind.refresh(&mut value) {
            return Ok(Draft::new(kind, value).commit(revision));
        }
        Ok(Self { meta: Meta::of(kind, &value), revision, bytes })
    }

    pub fn key(&self) -> &Key {
        &self.meta.key
    }

    /// The whole object, decoded; `resourceVersion` included.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("a committed object is the JSON we wrote")
    }

    /// The whole object as a type.
    ///
    /// # Errors
    /// When `T` is not this object's type.
    pub fn decode<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.bytes)
    }

    /// The same object at another revision: what a deletion event carries.
    pub fn at(&self, kind: &Kind, revision: Revision) -> Self {
        Draft::new(kind, self.value()).commit(revision)
    }
}

fn members(out: &mut Vec<u8>, map: &serde_json::Map<String, Value>) {
    for (name, value) in map {
        out.push(b',');
        write(out, &Value::String(name.clone()));
        out.push(b':');
        write(out, value);
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    serde_json::to_writer(out, value).expect("writing JSON to memory cannot fail");
}
