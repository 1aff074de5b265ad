//! The Endpoints object of a Service: the older way to say who is behind it; pure.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::backend::{Backend, Groups, Port};

/// More addresses than this are left out, and the object says so.
const MAX_ADDRESSES: usize = 1_000;
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

/// The object as it shall be; `before` is what is stored.
pub(super) fn build(metadata: ObjectMeta, labels: BTreeMap<String, String>, groups: &Groups) -> Endpoints {
    let mut room = MAX_ADDRESSES;
    let mut subsets = Vec::new();
    let shown = |backend: &&Backend| !backend.terminating || backend.ready;
    for (ports, backends) in groups {
        let part = |ready: bool, room: &mut usize| {
            let some = backends.iter().filter(shown).filter(|backend| backend.ready == ready);
            let addresses: Vec<EndpointAddress> = some.take(*room).map(address).collect();
            *room -= addresses.len();
            Some(addresses).filter(|addresses| !addresses.is_empty())
        };
        // ready ones first: they are the last to be left out
        let subset = EndpointSubset {
            addresses: part(true, &mut room),
            not_ready_addresses: part(false, &mut room),
            ports: Some(ports.iter().map(port).collect::<Vec<_>>()).filter(|ports| !ports.is_empty()),
        };
        if subset.addresses.is_some() || subset.not_ready_addresses.is_some() {
            subsets.push(subset);
        }
    }
    let mut metadata = ObjectMeta { labels: Some(labels).filter(|labels| !labels.is_empty()), ..metadata };
    let all: usize = groups.values().flatten().filter(shown).count();
    let annotations = metadata.annotations.get_or_insert_default();
    if all > MAX_ADDRESSES {
        annotations.insert(OVER_CAPACITY.into(), "truncated".into());
    } else {
        annotations.remove(OVER_CAPACITY);
    }
    metadata.annotations.take_if(|annotations| annotations.is_empty());
    Endpoints { metadata, subsets: Some(subsets).filter(|subsets| !subsets.is_empty()) }
}

fn address(backend: &Backend) -> EndpointAddress {
    EndpointAddress {
        ip: backend.ip.clone(),
        hostname: backend.hostname.clone(),
        node_name: backend.node.clone(),
        target_ref: Some(backend.target()),
    }
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone()).filter(|name| !name.is_empty()),
        protocol: Some(port.protocol.clone()),
        port: port.port.into(),
        app_protocol: port.app_protocol.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(number: usize) -> Backend {
        Backend {
            name: format!("web-{number}"),
            namespace: "default".into(),
            uid: format!("uid-{number}"),
            ip: "10.128.0.1".into(),
            node: None,
            hostname: None,
            ready: true,
            serving: true,
            terminating: false,
        }
    }

    fn groups(backends: Vec<Backend>) -> Groups {
        let port = Port { name: String::new(), protocol: "TCP".into(), port: 80, app_protocol: None };
        Groups::from([(vec![port], backends)])
    }

    #[test]
    fn a_terminating_pod_is_left_out_and_an_unready_one_is_listed_apart() {
        let unready = Backend { ready: false, serving: false, ..backend(1) };
        let leaving = Backend { ready: false, terminating: true, ..backend(2) };
        let built = build(ObjectMeta::default(), BTreeMap::new(), &groups(vec![backend(0), unready, leaving]));
        let subset = &built.subsets.unwrap()[0];
        assert_eq!(subset.addresses.as_ref().unwrap().len(), 1);
        assert_eq!(subset.not_ready_addresses.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn too_many_addresses_are_cut_and_told() {
        let built = build(ObjectMeta::default(), BTreeMap::new(), &groups((0..1_200).map(backend).collect()));
        assert_eq!(built.subsets.unwrap()[0].addresses.as_ref().unwrap().len(), MAX_ADDRESSES);
        assert_eq!(built.metadata.annotations.unwrap()[OVER_CAPACITY], "truncated");
        let none = build(ObjectMeta::default(), BTreeMap::new(), &Groups::new());
        assert_eq!((none.subsets, none.metadata.annotations), (None, None));
    }
}
