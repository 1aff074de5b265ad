//! The node: kubelet, volumes, network, proxy, images. Read in this order.

/// From pods that are bound to this node to guests that run, and back to their status.
mod kubelet;

/// What a pod's `image:` names, and the node's own store of them.
pub mod image;

/// A pod's volumes: directories that guests are given.
mod volumes;

/// What guests print: files on the node, read by `kubectl logs`.
mod logs;

/// The user-space network: virtual addresses, in-memory streams, names.
pub mod network;

/// Services: the network's tables, and NodePorts on the host.
pub mod proxy;

pub use engine::{Config as EngineConfig, Engine};
pub use kubelet::{Error, Node, NodeConfig};
