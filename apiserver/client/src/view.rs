//! What an informer keeps of an object: the shared bytes, and a few fields decoded once.

use std::{ops::Deref, sync::Arc};

use api::{
    Key, Kind, Object, Revision,
    object::{Labels, Meta},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// The fields of a kind that plans read often. Everything else is decoded on demand with [`Item::decode`].
pub trait View: Send + Sync + Sized + 'static {
    const KIND: &'static Kind;

    /// Usually [`read`] into a struct of the few fields that matter.
    fn of(object: &Object) -> Self;

    /// What [`crate::Informer::by`] finds it under, beside the built-in `owner`: pairs of index and value.
    fn index(&self, _meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        Vec::new()
    }
}

/// An object in a cache.
pub struct Item<V> {
    pub object: Arc<Object>,
    pub metadata: Metadata,
    pub view: V,
}

/// The part of `metadata` that every kind has and controllers ask for; key, uid and labels are in the object itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    #[serde(rename = "ownerReferences", deserialize_with = "or_default")]
    pub owners: Box<[Owner]>,
    #[serde(deserialize_with = "or_default")]
    pub finalizers: Box<[Box<str>]>,
    pub creation_timestamp: Option<Timestamp>,
    pub deletion_timestamp: Option<Timestamp>,
    pub deletion_grace_period_seconds: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub generation: i64,
}

/// An owner reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Owner {
    #[serde(deserialize_with = "or_default")]
    pub api_version: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub kind: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub uid: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub controller: bool,
    #[serde(deserialize_with = "or_default")]
    pub block_owner_deletion: bool,
}

impl Owner {
    pub fn is(&self, kind: &Kind) -> bool {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        &*self.kind == kind.kind && group == kind.group()
    }
}

impl<V> Item<V> {
    pub fn key(&self) -> &Key {
        &self.object.meta.key
    }

    pub fn name(&self) -> &str {
        &self.object.meta.key.name
    }

    pub fn namespace(&self) -> &str {
        &self.object.meta.key.namespace
    }

    pub fn uid(&self) -> &str {
        &self.object.meta.uid
    }

    pub fn labels(&self) -> &Labels {
        &self.object.meta.labels
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        let labels = &self.object.meta.labels;
        labels.binary_search_by(|(key, _)| (**key).cmp(name)).ok().map(|at| &*labels[at].1)
    }

    pub fn revision(&self) -> Revision {
        self.object.revision
    }

    /// The owner that manages this object.
    pub fn controller(&self) -> Option<&Owner> {
        self.metadata.owners.iter().find(|owner| owner.controller)
    }

    /// Somebody asked for its deletion.
    pub fn terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// The whole object as a type; costs tens of microseconds, so keep it out of loops over everything.
    ///
    /// # Errors
    /// When `T` is not this object's type.
    pub fn decode<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        self.object.decode()
    }
}

impl<V> Deref for Item<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.view
    }
}

/// Decodes the fields `T` names and skips the rest. An object that does not fit (only possible past validation) reads
/// as the default, and the log says so: a cache that lost the object would be worse.
pub fn read<'a, T: Deserialize<'a> + Default>(object: &'a Object) -> T {
    serde_json::from_slice(&object.bytes).unwrap_or_else(|error| unreadable(object, &error))
}

/// Decodes `metadata` alone. It stands first, so this stops long before the end of the bytes.
pub(crate) fn metadata(object: &Object) -> Metadata {
    const FIELD: &[u8] = b"\"metadata\":";
    let Some(at) = object.bytes.windows(FIELD.len()).position(|window| window == FIELD) else {
        return Metadata::default();
    };
    let metadata = serde_json::Deserializer::from_slice(&object.bytes[at + FIELD.len()..]).into_iter().next();
    metadata.unwrap_or_else(|| Ok(Metadata::default())).unwrap_or_else(|error| unreadable(object, &error))
}

/// For fields where `null` means the same as absence.
///
/// # Errors
/// When the value is neither null nor a `T`.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn unreadable<T: Default>(object: &Object, error: &serde_json::Error) -> T {
    tracing::error!(key = %object.meta.key, uid = %object.meta.uid, %error, "cannot read an object");
    T::default()
}
