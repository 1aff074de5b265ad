//! The node: kubelet, volumes, network, proxy, images.

/// What a pod's `image:` names, and the node's own store of them.
pub mod image;
/// The user-space network: virtual addresses, in-memory streams, names.
pub mod network;
/// Services: the network's tables, and NodePorts on the host.
pub mod proxy;
