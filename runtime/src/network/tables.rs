//! What is known of Services: their addresses, ports and names, and whom they stand for.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use api::Key;
use parking_lot::RwLock;

/// Read on every connect and look-up, written by the proxy; a reader never waits for more than one Service's change.
#[derive(Default)]
pub struct Tables {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    services: HashMap<Key, Entry>,
    addresses: HashMap<SocketAddr, Arc<Backends>>,
    node_ports: HashMap<u16, Arc<Backends>>,
}

/// All that one Service adds.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub addresses: Vec<(SocketAddr, Arc<Backends>)>,
    pub node_ports: Vec<(u16, Arc<Backends>)>,
    pub name: Name,
}

/// What a Service's name stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Name {
    #[default]
    Nothing,
    /// The Service's own address.
    Cluster(Vec<IpAddr>),
    /// A headless Service's endpoints, and those of them that have a host name.
    Headless { addresses: Vec<IpAddr>, hosts: HashMap<String, IpAddr> },
    /// Another name, or an address in letters.
    External(String),
}

/// The endpoints behind one port of a Service.
#[derive(Debug, Default)]
pub struct Backends {
    endpoints: Vec<SocketAddr>,
    /// `sessionAffinity: ClientIP`.
    sticky: bool,
    next: AtomicUsize,
}

impl Backends {
    pub fn new(endpoints: Vec<SocketAddr>, sticky: bool) -> Self {
        // a random beginning, or the first endpoint of every rebuilt table gets more than its share
        let next = AtomicUsize::new(rand::random_range(0..endpoints.len().max(1)));
        Self { endpoints, sticky, next }
    }

    pub fn endpoints(&self) -> &[SocketAddr] {
        &self.endpoints
    }

    /// Every endpoint once, the one whose turn it is first.
    pub fn order(&self, client: IpAddr) -> impl Iterator<Item = SocketAddr> + Send + '_ {
        let count = self.endpoints.len();
        let first = match self.sticky {
            true => self.favourite(client),
            false => self.next.fetch_add(1, Ordering::Relaxed),
        };
        (0..count).map(move |i| self.endpoints[(first + i) % count])
    }

    /// Rendezvous hashing: a client keeps its endpoint while that one lives, whatever happens to the others.
    fn favourite(&self, client: IpAddr) -> usize {
        let weight = |endpoint: &SocketAddr| {
            let mut hasher = DefaultHasher::new();
            (client, endpoint).hash(&mut hasher);
            hasher.finish()
        };
        self.endpoints.iter().enumerate().max_by_key(|(_, endpoint)| weight(endpoint)).map_or(0, |(index, _)| index)
    }
}

impl Tables {
    /// Puts `entry` in the place of what `service` had; `None` takes it out.
    pub fn replace(&self, service: &Key, entry: Option<Entry>) {
        let inner = &mut *self.inner.write();
        if let Some(old) = inner.services.remove(service) {
            for (address, backends) in &old.addresses {
                remove_own(&mut inner.addresses, address, backends);
            }
            for (port, backends) in &old.node_ports {
                remove_own(&mut inner.node_ports, port, backends);
            }
        }
        if let Some(entry) = entry {
            inner.addresses.extend(entry.addresses.iter().cloned());
            inner.node_ports.extend(entry.node_ports.iter().cloned());
            inner.services.insert(service.clone(), entry);
        }
    }

    /// The endpoints behind a Service's address and port.
    pub fn virtual_address(&self, address: SocketAddr) -> Option<Arc<Backends>> {
        self.inner.read().addresses.get(&address).cloned()
    }

    pub fn node_port(&self, port: u16) -> Option<Arc<Backends>> {
        self.inner.read().node_ports.get(&port).cloned()
    }

    pub fn node_ports(&self) -> Vec<u16> {
        self.inner.read().node_ports.keys().copied().collect()
    }

    pub fn name(&self, namespace: &str, service: &str) -> Option<Name> {
        self.inner.read().services.get(&Key::new(namespace, service)).map(|entry| entry.name.clone())
    }

    /// Whether `ip` is in the network of Services (10.43.0.0/16): nothing outside the tables is there.
    pub fn is_service_address(&self, ip: IpAddr) -> bool {
        within(ip, Ipv4Addr::new(10, 43, 0, 0), 16)
    }

    /// Whether `ip` is in the network of pods (10.128.0.0/9).
    pub fn is_pod_address(&self, ip: IpAddr) -> bool {
        within(ip, Ipv4Addr::new(10, 128, 0, 0), 9)
    }
}

fn remove_own<K: Eq + Hash>(map: &mut HashMap<K, Arc<Backends>>, key: &K, own: &Arc<Backends>) {
    // another Service may have taken the address over before this one's end was seen
    if map.get(key).is_some_and(|held| Arc::ptr_eq(held, own)) {
        map.remove(key);
    }
}

fn within(ip: IpAddr, network: Ipv4Addr, prefix: u8) -> bool {
    let IpAddr::V4(ip) = ip else { return false };
    let mask = u32::MAX << (32 - u32::from(prefix));
    u32::from(ip) & mask == u32::from(network)
}

#[cfg(test)]
mod tests;
