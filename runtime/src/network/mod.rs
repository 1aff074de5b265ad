//! The user-space network: virtual addresses, in-memory streams, names. No root, no CNI, no iptables.
//!
//! Read in this order.

/// The switch: who listens where, and how a stream gets there.
mod fabric;
/// HTTP for handler guests: a hyper server for each stream that arrives.
mod handler;
/// How a name becomes addresses, seen from a namespace.
mod names;
/// A pod's view of the network: its own localhost, its namespace's names.
mod pod;
/// What is known of Services: addresses, ports, names, and whom they stand for.
pub mod tables;

pub use fabric::{Fabric, Incoming, Listener};
pub use handler::HandlerServer;
pub use pod::PodNetwork;
pub use tables::Tables;

use std::net::{IpAddr, Ipv4Addr};

/// Where pods find the API server: the address behind the Service `kubernetes`.
pub const API_SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 42, 0, 1));

/// Where pods find the loopback of the machine they run on. A guest's own 127.0.0.1 is its pod; an ExternalName that
/// says 127.0.0.1 means the machine, and resolves to this.
pub const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 42, 0, 2));
