//! EndpointSlices: who answers for a service.

use api::{Kind, Object, object::Meta};
use serde::Deserialize;

use crate::{
    View,
    view::{or_default, read},
};

/// Index `service`: `namespace/name` of the service it belongs to.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointSliceView {
    /// `IPv4`, `IPv6` or `FQDN`.
    #[serde(deserialize_with = "or_default")]
    pub address_type: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub endpoints: Box<[Endpoint]>,
    #[serde(deserialize_with = "or_default")]
    pub ports: Box<[EndpointPort]>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoint {
    #[serde(deserialize_with = "or_default")]
    pub addresses: Box<[Box<str>]>,
    #[serde(deserialize_with = "or_default")]
    pub conditions: Conditions,
    #[serde(deserialize_with = "or_default")]
    pub hostname: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub node_name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub target_ref: Target,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Target {
    #[serde(deserialize_with = "or_default")]
    pub kind: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub namespace: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub uid: Box<str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

impl Endpoint {
    /// Takes new connections. Not said means yes, as in the API.
    pub fn ready(&self) -> bool {
        self.conditions.ready.unwrap_or(true)
    }

    /// Ready, or about to go and still answering.
    pub fn serving(&self) -> bool {
        self.conditions.serving.unwrap_or_else(|| self.ready())
    }

    pub fn terminating(&self) -> bool {
        self.conditions.terminating.unwrap_or(false)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointPort {
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub protocol: Box<str>,
    #[serde(deserialize_with = "or_default")]
    pub port: u16,
    pub app_protocol: Option<Box<str>>,
}

impl View for EndpointSliceView {
    const KIND: &'static Kind = &api::kinds::ENDPOINT_SLICE;

    fn of(object: &Object) -> Self {
        read(object)
    }

    fn index(&self, meta: &Meta) -> Vec<(&'static str, Box<str>)> {
        let service = meta.labels.iter().find(|(key, _)| &**key == "kubernetes.io/service-name");
        service.map(|(_, name)| ("service", format!("{}/{name}", meta.key.namespace).into())).into_iter().collect()
    }
}
