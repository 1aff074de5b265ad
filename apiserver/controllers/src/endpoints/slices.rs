//! Which EndpointSlices to write so that they say who is behind a Service, with few writes; pure.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::backend::{Backend, Groups, Port};

/// More endpoints than this go to another slice: a change of one pod then rewrites and sends little.
pub(super) const MAX_ENDPOINTS: usize = 100;
pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";
pub(super) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const IPV4: &str = "IPv4";

/// What every slice of the Service has in common.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub namespace: String,
    /// Names begin with this.
    pub prefix: String,
    pub labels: BTreeMap<String, String>,
    pub owner: OwnerReference,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub create: Vec<EndpointSlice>,
    /// As they shall be.
    pub update: Vec<EndpointSlice>,
    /// Names.
    pub delete: Vec<String>,
}

/// A slice on its way; `before` is what is stored.
struct Draft<'a> {
    before: Option<&'a EndpointSlice>,
    ports: Vec<Port>,
    endpoints: Vec<Endpoint>,
}

pub(super) fn plan(template: &Template, groups: &Groups, existing: &[EndpointSlice]) -> Plan {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for (ports, backends) in groups {
        let own = existing.iter().filter(|slice| slice.address_type == IPV4 && ports_of(slice) == *ports);
        drafts.extend(fill(ports, backends, own));
    }
    let kept = |slice: &EndpointSlice| {
        drafts.iter().any(|draft| draft.before.is_some_and(|before| before.metadata.name == slice.metadata.name))
    };
    let mut idle: Vec<&EndpointSlice> = existing.iter().filter(|slice| !kept(slice)).collect();
    if drafts.is_empty() {
        // a Service without pods has one empty slice: readers can tell "nobody" from "not looked at yet"
        let before = if idle.is_empty() { None } else { Some(idle.remove(0)) };
        drafts.push(Draft { before, ports: Vec::new(), endpoints: Vec::new() });
    }
    let mut plan = Plan { delete: idle.iter().filter_map(|slice| slice.metadata.name.clone()).collect(), ..Plan::default() };
    for draft in drafts {
        let slice = draft.slice(template);
        match draft.before {
            None => plan.create.push(slice),
            Some(before) if *before == slice => {}
            Some(_) => plan.update.push(slice),
        }
    }
    plan
}

/// Endpoints stay in the slice they are in; new ones go where there is room, first where something changes anyway.
fn fill<'a>(ports: &[Port], backends: &[Backend], own: impl Iterator<Item = &'a EndpointSlice>) -> Vec<Draft<'a>> {
    let mut left: BTreeMap<&str, &Backend> = backends.iter().map(|backend| (backend.uid.as_str(), backend)).collect();
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    for slice in own {
        let uid = |endpoint: &Endpoint| endpoint.target_ref.as_ref().and_then(|target| target.uid.clone());
        let stays = slice.endpoints.iter().filter_map(|old| left.remove(uid(old)?.as_str()));
        let endpoints: Vec<Endpoint> = stays.map(endpoint).collect();
        drafts.push(Draft { before: Some(slice), ports: ports.to_vec(), endpoints });
    }
    let mut left: Vec<&Backend> = backends.iter().filter(|backend| left.contains_key(backend.uid.as_str())).collect();
    drafts.sort_by_key(|draft| (!draft.is_changed(), usize::MAX - draft.endpoints.len()));
    for draft in &mut drafts {
        let room = MAX_ENDPOINTS.saturating_sub(draft.endpoints.len()).min(left.len());
        draft.endpoints.extend(left.drain(..room).map(endpoint));
    }
    for chunk in left.chunks(MAX_ENDPOINTS) {
        let endpoints = chunk.iter().map(|backend| endpoint(backend)).collect();
        drafts.push(Draft { before: None, ports: ports.to_vec(), endpoints });
    }
    drafts.retain(|draft| !draft.endpoints.is_empty());
    drafts
}

impl Draft<'_> {
    fn is_changed(&self) -> bool {
        self.before.is_none_or(|before| before.endpoints != self.endpoints)
    }

    fn slice(&self, template: &Template) -> EndpointSlice {
        let mut metadata = match self.before {
            Some(before) => before.metadata.clone(),
            None => ObjectMeta {
                generate_name: Some(format!("{}-", template.prefix)),
                namespace: Some(template.namespace.clone()),
                ..ObjectMeta::default()
            },
        };
        metadata.labels = Some(template.labels.clone());
        metadata.owner_references = Some(vec![template.owner.clone()]);
        EndpointSlice {
            metadata,
            address_type: IPV4.into(),
            endpoints: self.endpoints.clone(),
            ports: Some(self.ports.iter().map(port).collect()),
        }
    }
}

fn endpoint(backend: &Backend) -> Endpoint {
    Endpoint {
        addresses: vec![backend.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(backend.ready),
            serving: Some(backend.serving),
            terminating: Some(backend.terminating),
        }),
        hostname: backend.hostname.clone(),
        node_name: backend.node.clone(),
        target_ref: Some(backend.target()),
        ..Endpoint::default()
    }
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone()),
        protocol: Some(port.protocol.clone()),
        port: Some(port.port.into()),
        app_protocol: port.app_protocol.clone(),
    }
}

fn ports_of(slice: &EndpointSlice) -> Vec<Port> {
    let port = |port: &EndpointPort| {
        Some(Port {
            name: port.name.clone().unwrap_or_default(),
            protocol: port.protocol.clone().unwrap_or_else(|| "TCP".into()),
            port: u16::try_from(port.port?).ok()?,
            app_protocol: port.app_protocol.clone(),
        })
    };
    slice.ports.iter().flatten().filter_map(port).collect()
}

#[cfg(test)]
mod tests;
