//! How a name becomes addresses, seen from a namespace.

use std::net::{IpAddr, Ipv4Addr};

use engine::NetError;

use super::{HOST, Tables, tables::Name};

/// The domain of the cluster's own names.
const DOMAIN: &str = "cluster.local";
/// ExternalNames may name each other; a circle ends here.
const HOPS: usize = 8;

/// What the tables say about a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Addresses(Vec<IpAddr>),
    /// Not the cluster's: ask the machine's resolver for this name.
    Ask(String),
    /// The cluster's, and there is none.
    Unknown,
}

/// Addresses of `name` for a pod in `namespace`, with the search path a pod has.
pub(super) async fn resolve(tables: &Tables, namespace: &str, name: &str) -> Result<Vec<IpAddr>, NetError> {
    match look_up(tables, namespace, name) {
        Answer::Addresses(addresses) => Ok(addresses),
        Answer::Unknown => Err(NetError::NameNotFound(name.to_owned())),
        Answer::Ask(outside) => {
            let found = tokio::net::lookup_host((outside.as_str(), 0)).await;
            // the resolver's error does not tell "no such name" from "no answer"; for a guest the first is the useful one
            let found = found.map_err(|_| NetError::NameNotFound(outside.clone()))?;
            let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            addresses.dedup();
            if addresses.is_empty() { Err(NetError::NameNotFound(outside)) } else { Ok(addresses) }
        }
    }
}

/// The pure part: what the tables know.
pub(super) fn look_up(tables: &Tables, namespace: &str, name: &str) -> Answer {
    let mut name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" {
        return Answer::Addresses(vec![Ipv4Addr::LOCALHOST.into()]);
    }
    if let Ok(address) = name.parse() {
        return Answer::Addresses(vec![address]);
    }
    for _ in 0..HOPS {
        match in_cluster(tables, namespace, &name) {
            Some(Name::Cluster(addresses)) => return Answer::Addresses(addresses),
            Some(Name::Headless { addresses, .. }) if !addresses.is_empty() => return Answer::Addresses(addresses),
            Some(Name::External(target)) => match target.parse::<IpAddr>() {
                Ok(address) => return Answer::Addresses(vec![reachable(address)]),
                Err(_) => name = target.trim_end_matches('.').to_ascii_lowercase(),
            },
            Some(_) => return Answer::Unknown,
            None if name.ends_with(DOMAIN) => return Answer::Unknown,
            None if name == "localhost" => return Answer::Addresses(vec![HOST]),
            None => return Answer::Ask(name),
        }
    }
    Answer::Unknown
}

/// Tries `name` under each domain of a pod's search path, as `ndots:5` does.
fn in_cluster(tables: &Tables, namespace: &str, name: &str) -> Option<Name> {
    let labels: Vec<&str> = name.split('.').collect();
    let suffixes: [&[&str]; 4] = [&["svc", "cluster", "local"], &["svc", "cluster"], &["svc"], &[]];
    let labels = suffixes.iter().find_map(|suffix| labels.strip_suffix(*suffix)).unwrap_or(&labels);
    match labels {
        [service] if name == *service => tables.name(namespace, service),
        [service, namespace] => tables.name(namespace, service).or_else(|| host_of(tables, service, namespace, namespace)),
        [host, service, namespace] => host_of(tables, host, service, namespace),
        [ip, _, "pod", ..] => pod_address(ip),
        _ => None,
    }
}

/// A pod's own name below a headless Service.
fn host_of(tables: &Tables, host: &str, service: &str, namespace: &str) -> Option<Name> {
    match tables.name(namespace, service)? {
        Name::Headless { hosts, .. } => hosts.get(host).map(|ip| Name::Cluster(vec![*ip])),
        _ => None,
    }
}

/// `10-128-0-7.default.pod.cluster.local`.
fn pod_address(dashed: &str) -> Option<Name> {
    dashed.replace('-', ".").parse().ok().map(|ip| Name::Cluster(vec![ip]))
}

/// An ExternalName that names the loopback means the machine's, not the pod's own.
fn reachable(address: IpAddr) -> IpAddr {
    if address.is_loopback() { HOST } else { address }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use api::Key;
    use proptest::prelude::*;

    use super::*;
    use crate::network::tables::Entry;

    fn tables() -> Tables {
        let tables = Tables::default();
        let put = |namespace: &str, service: &str, name: Name| {
            tables.replace(&Key::new(namespace, service), Some(Entry { name, ..Entry::default() }));
        };
        let ip = |last| IpAddr::V4(Ipv4Addr::new(10, 43, 0, last));
        put("default", "kubernetes", Name::Cluster(vec![ip(1)]));
        put("shop", "web", Name::Cluster(vec![ip(9)]));
        put("shop", "db", Name::Headless { addresses: vec![ip(7), ip(8)], hosts: HashMap::from([("db-0".into(), ip(7))]) });
        put("shop", "mysql", Name::External("10.0.2.2".into()));
        put("shop", "own", Name::External("127.0.0.1".into()));
        put("shop", "alias", Name::External("web.shop.svc.cluster.local".into()));
        put("shop", "world", Name::External("example.com".into()));
        put("shop", "circle", Name::External("circle.shop.svc.cluster.local".into()));
        tables
    }

    #[test]
    fn a_name_is_found_as_the_search_path_finds_it() {
        let tables = tables();
        let ip = |last| Answer::Addresses(vec![IpAddr::V4(Ipv4Addr::new(10, 43, 0, last))]);
        let cases = [
            ("shop", "web", ip(9)),
            ("default", "web", Answer::Ask("web".into())),
            ("default", "web.shop", ip(9)),
            ("default", "web.shop.svc", ip(9)),
            ("default", "WEB.shop.svc.cluster.local.", ip(9)),
            ("shop", "kubernetes.default", ip(1)),
            ("shop", "db-0.db.shop.svc.cluster.local", ip(7)),
            ("shop", "db-9.db.shop.svc.cluster.local", Answer::Unknown),
            ("shop", "none.shop.svc.cluster.local", Answer::Unknown),
            ("shop", "mysql", Answer::Addresses(vec![Ipv4Addr::new(10, 0, 2, 2).into()])),
            ("shop", "own", Answer::Addresses(vec![HOST])),
            ("shop", "alias", ip(9)),
            ("shop", "world", Answer::Ask("example.com".into())),
            ("shop", "circle", Answer::Unknown),
            ("shop", "localhost", Answer::Addresses(vec![Ipv4Addr::LOCALHOST.into()])),
            ("shop", "192.0.2.7", Answer::Addresses(vec![Ipv4Addr::new(192, 0, 2, 7).into()])),
            ("shop", "10-128-0-7.shop.pod.cluster.local", Answer::Addresses(vec![Ipv4Addr::new(10, 128, 0, 7).into()])),
        ];
        for (namespace, name, expected) in cases {
            assert_eq!(look_up(&tables, namespace, name), expected, "{name} from {namespace}");
        }
    }

    #[test]
    fn a_headless_service_answers_with_every_endpoint() {
        let Answer::Addresses(addresses) = look_up(&tables(), "shop", "db") else { panic!("not found") };
        assert_eq!(addresses.len(), 2);
    }

    proptest! {
        #[test]
        fn no_name_is_too_odd(name in ".{0,80}") {
            let tables = Arc::new(tables());
            look_up(&tables, "shop", &name);
        }
    }
}
