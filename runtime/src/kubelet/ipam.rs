//! Pod addresses out of the node's network.

use std::{collections::HashSet, net::Ipv4Addr, sync::Arc};

use parking_lot::Mutex;

/// Gives out addresses in a ring, so that one just freed is the last to come back: a late packet meets nobody.
#[derive(Clone)]
pub(crate) struct Addresses(Arc<Mutex<Ring>>);

struct Ring {
    network: u32,
    /// Offsets `FIRST..end` are for pods.
    end: u32,
    next: u32,
    taken: HashSet<u32>,
}

/// 0 is the network, 1 the node itself.
const FIRST: u32 = 2;

#[derive(Debug, thiserror::Error)]
#[error("no IP addresses available in range set: {first}-{last}")]
pub(crate) struct Exhausted {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

impl Addresses {
    pub(crate) fn new(network: (Ipv4Addr, u8)) -> Self {
        let size = 1u32.checked_shl(32 - u32::from(network.1)).unwrap_or(u32::MAX);
        let base = network.0.to_bits() & !(size - 1);
        // the last is the broadcast address
        Self(Arc::new(Mutex::new(Ring { network: base, end: size - 1, next: FIRST, taken: HashSet::new() })))
    }

    /// The node's own address in its network: where probes come from.
    pub(crate) fn node(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.0.lock().network + 1)
    }

    /// Takes that very address, if it is one of ours and free: what a pod had before a restart of the node.
    pub(crate) fn reserve(&self, address: Ipv4Addr) -> bool {
        let mut ring = self.0.lock();
        let Some(offset) = address.to_bits().checked_sub(ring.network) else { return false };
        (FIRST..ring.end).contains(&offset) && ring.taken.insert(offset)
    }

    pub(crate) fn take(&self) -> Result<Ipv4Addr, Exhausted> {
        let mut ring = self.0.lock();
        for _ in FIRST..ring.end {
            let offset = ring.next;
            ring.next = if offset + 1 >= ring.end { FIRST } else { offset + 1 };
            if ring.taken.insert(offset) {
                return Ok(Ipv4Addr::from_bits(ring.network + offset));
            }
        }
        let at = |offset| Ipv4Addr::from_bits(ring.network + offset);
        Err(Exhausted { first: at(FIRST), last: at(ring.end.saturating_sub(1)) })
    }

    pub(crate) fn free(&self, address: Ipv4Addr) {
        let mut ring = self.0.lock();
        let offset = address.to_bits().wrapping_sub(ring.network);
        ring.taken.remove(&offset);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_range_is_given_out_once() {
        let addresses = Addresses::new((Ipv4Addr::new(10, 128, 0, 9), 29));
        let all: Vec<_> = (0..5).map(|_| addresses.take().unwrap()).collect();
        assert_eq!(all, (2..7).map(|last| Ipv4Addr::new(10, 128, 0, 8 + last)).collect::<Vec<_>>());
        assert_eq!(
            addresses.take().unwrap_err().to_string(),
            "no IP addresses available in range set: 10.128.0.10-10.128.0.14"
        );
        addresses.free(all[3]);
        assert_eq!(addresses.take().unwrap(), all[3]);
        assert_eq!(addresses.node(), Ipv4Addr::new(10, 128, 0, 9));
    }

    #[test]
    fn foreign_addresses_are_not_reserved() {
        let addresses = Addresses::new((Ipv4Addr::new(10, 128, 64, 0), 18));
        assert!(!addresses.reserve(Ipv4Addr::new(10, 128, 0, 7)));
        assert!(!addresses.reserve(Ipv4Addr::new(10, 128, 64, 1)));
        assert!(addresses.reserve(Ipv4Addr::new(10, 128, 64, 2)));
        assert!(!addresses.reserve(Ipv4Addr::new(10, 128, 64, 2)));
        assert_eq!(addresses.take().unwrap(), Ipv4Addr::new(10, 128, 64, 3));
    }

    proptest! {
        #[test]
        fn no_two_hold_one_address(frees in proptest::collection::vec(any::<bool>(), 1..200)) {
            let addresses = Addresses::new((Ipv4Addr::new(10, 1, 0, 0), 26));
            let mut held = Vec::new();
            for free in frees {
                if free && !held.is_empty() {
                    addresses.free(held.remove(0));
                } else if let Ok(address) = addresses.take() {
                    prop_assert!(!held.contains(&address));
                    held.push(address);
                }
            }
        }
    }
}
