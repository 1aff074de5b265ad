//! What one Service and its EndpointSlices add to the tables.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use client::views::{Endpoint, EndpointSliceView, ServicePort, ServiceType, ServiceView};

use crate::network::tables::{Backends, Entry, Name};

/// Everything the tables have to hold for `service`.
pub(super) fn entry<'a>(service: &ServiceView, slices: impl Iterator<Item = &'a EndpointSliceView> + Clone) -> Entry {
    if service.kind == ServiceType::ExternalName {
        return Entry { name: Name::External(service.external_name.to_string()), ..Entry::default() };
    }
    let addresses: Vec<IpAddr> = service.cluster_ips.iter().filter_map(|ip| ip.parse().ok()).collect();
    let sticky = &*service.session_affinity == "ClientIP";
    let mut entry = Entry { name: name(service, &addresses, slices.clone()), ..Entry::default() };
    for port in service.ports.iter().filter(|port| matches!(&*port.protocol, "TCP" | "")) {
        let backends = Arc::new(Backends::new(endpoints(port, slices.clone()), sticky));
        entry.addresses.extend(addresses.iter().map(|ip| (SocketAddr::new(*ip, port.port), Arc::clone(&backends))));
        if port.node_port != 0 {
            entry.node_ports.push((port.node_port, backends));
        }
    }
    entry
}

/// Ready endpoints of the port; while there is none, those that still serve on their way out.
fn endpoints<'a>(port: &ServicePort, slices: impl Iterator<Item = &'a EndpointSliceView> + Clone) -> Vec<SocketAddr> {
    let select = |usable: fn(&Endpoint) -> bool| {
        let mut found = Vec::new();
        for slice in slices.clone() {
            for number in slice.ports.iter().filter(|p| p.name == port.name).map(|p| p.port) {
                let usable = slice.endpoints.iter().filter(|endpoint| usable(endpoint));
                found.extend(usable.filter_map(address).map(|ip| SocketAddr::new(ip, number)));
            }
        }
        // a slice that is being replaced may show an endpoint twice
        found.sort_unstable();
        found.dedup();
        found
    };
    let ready = select(|endpoint| endpoint.ready() && !endpoint.terminating());
    if ready.is_empty() { select(|endpoint| endpoint.serving() && endpoint.terminating()) } else { ready }
}

fn address(endpoint: &Endpoint) -> Option<IpAddr> {
    endpoint.addresses.first()?.parse().ok()
}

fn name<'a>(service: &ServiceView, addresses: &[IpAddr], slices: impl Iterator<Item = &'a EndpointSliceView>) -> Name {
    if !service.headless {
        return match addresses.first() {
            Some(first) => Name::Cluster(vec![*first]),
            None => Name::Nothing,
        };
    }
    let mut all = Vec::new();
    let mut hosts = HashMap::new();
    let usable = |endpoint: &&Endpoint| endpoint.ready() || service.publish_not_ready;
    for endpoint in slices.flat_map(|slice| &slice.endpoints).filter(usable) {
        let Some(ip) = address(endpoint) else { continue };
        all.push(ip);
        if !endpoint.hostname.is_empty() {
            hosts.insert(endpoint.hostname.to_string(), ip);
        }
    }
    all.sort_unstable();
    all.dedup();
    Name::Headless { addresses: all, hosts }
}

#[cfg(test)]
mod tests;
