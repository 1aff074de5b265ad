//! Endpoints share the load; a Service takes only its own out.

use proptest::prelude::*;

use super::*;

fn backends(count: u8, sticky: bool) -> Backends {
    Backends::new((0..count).map(|i| SocketAddr::new(Ipv4Addr::new(10, 128, 0, i).into(), 80)).collect(), sticky)
}

proptest! {
    #[test]
    fn order_names_every_endpoint_once(count in 0u8..20, sticky: bool, client: u32) {
        let backends = backends(count, sticky);
        let mut order: Vec<SocketAddr> = backends.order(Ipv4Addr::from(client).into()).collect();
        order.sort_unstable();
        prop_assert_eq!(order.as_slice(), backends.endpoints());
    }

    #[test]
    fn a_sticky_client_stays_when_another_endpoint_goes(client: u32, gone in 0usize..8) {
        let client = IpAddr::from(Ipv4Addr::from(client));
        let all = backends(8, true);
        let before = all.order(client).next().unwrap();
        let left: Vec<SocketAddr> = all.endpoints().iter().copied().filter(|e| *e != all.endpoints()[gone]).collect();
        let after = Backends::new(left, true).order(client).next().unwrap();
        prop_assert!(before == after || before == all.endpoints()[gone]);
    }
}

#[test]
fn turns_are_taken() {
    let backends = backends(3, false);
    let mut first: Vec<SocketAddr> = (0..3).filter_map(|_| backends.order(Ipv4Addr::LOCALHOST.into()).next()).collect();
    first.sort_unstable();
    assert_eq!(first, backends.endpoints());
}

#[test]
fn a_late_goodbye_leaves_the_successor_alone() {
    let tables = Tables::default();
    let address: SocketAddr = "10.43.0.9:80".parse().unwrap();
    let entry = || Entry { addresses: vec![(address, Arc::new(backends(1, false)))], ..Entry::default() };
    tables.replace(&Key::new("default", "old"), Some(entry()));
    tables.replace(&Key::new("default", "new"), Some(entry()));
    tables.replace(&Key::new("default", "old"), None);
    assert!(tables.virtual_address(address).is_some());
    tables.replace(&Key::new("default", "new"), None);
    assert!(tables.virtual_address(address).is_none());
}
