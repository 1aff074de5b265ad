//! The pods behind a Service, as addresses with ports; pure. Endpoints and EndpointSlices are two ways to write them down.

use std::collections::BTreeMap;

use client::{
    Item,
    views::{PodView, PortRef, ServicePort, ServiceView},
};
use k8s_openapi::api::core::v1::ObjectReference;

/// One pod that answers, or will, or still does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub ip: String,
    pub node: Option<String>,
    /// Its own name within the Service, if it asks for one.
    pub hostname: Option<String>,
    /// Takes new connections.
    pub ready: bool,
    /// Would answer, also while it is on its way out.
    pub serving: bool,
    pub terminating: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    pub name: String,
    pub protocol: String,
    pub port: u16,
    pub app_protocol: Option<String>,
}

/// Backends by the ports they answer on: a named port may be another number in each pod.
pub(super) type Groups = BTreeMap<Vec<Port>, Vec<Backend>>;

/// Who is behind the Service, by name.
pub(super) fn groups<'a>(service: &Item<ServiceView>, pods: impl Iterator<Item = &'a Item<PodView>>) -> Groups {
    let mut groups = Groups::new();
    for pod in pods.filter(|pod| !pod.is_terminal() && !pod.ip.is_empty() && service.selects(pod.labels())) {
        groups.entry(ports(service, pod)).or_default().push(backend(service, pod));
    }
    for backends in groups.values_mut() {
        backends.sort_by(|a, b| a.name.cmp(&b.name));
    }
    groups
}

fn backend(service: &Item<ServiceView>, pod: &Item<PodView>) -> Backend {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let terminating = pod.terminating();
    Backend {
        name: pod.name().into(),
        namespace: pod.namespace().into(),
        uid: pod.uid().into(),
        ip: (*pod.ip).into(),
        node: some(&pod.node),
        hostname: some(&pod.hostname).filter(|_| &*pod.subdomain == service.name()),
        ready: service.publish_not_ready || (pod.ready && !terminating),
        serving: pod.ready,
        terminating,
    }
}

fn ports(service: &ServiceView, pod: &PodView) -> Vec<Port> {
    let number = |port: &ServicePort| match &port.target_port {
        PortRef::Number(0) => Some(port.port),
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => pod.port(name, protocol(port)),
    };
    let port = |port: &ServicePort| {
        Some(Port {
            name: (*port.name).into(),
            protocol: protocol(port).into(),
            port: number(port)?,
            app_protocol: port.app_protocol.as_deref().map(str::to_owned),
        })
    };
    service.ports.iter().filter_map(port).collect()
}

fn protocol(port: &ServicePort) -> &str {
    if port.protocol.is_empty() { "TCP" } else { &port.protocol }
}

impl Backend {
    pub(super) fn target(&self) -> ObjectReference {
        ObjectReference {
            kind: Some("Pod".into()),
            namespace: Some(self.namespace.clone()),
            name: Some(self.name.clone()),
            uid: Some(self.uid.clone()),
            ..ObjectReference::default()
        }
    }
}
