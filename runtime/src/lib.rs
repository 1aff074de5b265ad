//! The node: kubelet, volumes, network, proxy, images.
