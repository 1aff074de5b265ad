//! The node: kubelet, volumes, network, proxy, images.

/// What a pod's `image:` names, and the node's own store of them.
pub mod image;
