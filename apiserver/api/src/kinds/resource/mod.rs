//! Devices that pods may ask for: `resource.k8s.io`.

pub(crate) mod claim;
pub(crate) mod device_class;
pub(crate) mod slice;
