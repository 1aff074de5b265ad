//! Namespaces: whether they are going, and what holds them.

use api::{Kind, Object};
use serde::Deserialize;

use crate::{
    View,
    view::{or_default, read},
};

pub struct NamespaceView {
    /// `Terminating` once deleted.
    pub terminating: bool,
    /// `spec.finalizers`: what `/finalize` empties.
    pub finalizers: Box<[Box<str>]>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    finalizers: Box<[Box<str>]>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    phase: Box<str>,
}

impl View for NamespaceView {
    const KIND: &'static Kind = &api::kinds::NAMESPACE;

    fn of(object: &Object) -> Self {
        let parts: Parts = read(object);
        Self { terminating: &*parts.status.phase == "Terminating", finalizers: parts.spec.finalizers }
    }
}
