//! A pod's volumes: directories that guests are given.

/// Files that change all at once, as the kubelet's `..data` link makes them.
mod atomic;
/// Claimed volumes.
mod claim;
/// `hostPath`, of the kind that was asked for.
mod host_path;
/// Where a container sees which directory.
mod mounts;
/// What the files of a ConfigMap, Secret, downward API or projected volume are. Pure.
mod payload;
/// A container's own root directory.
mod root;
/// Makes, refreshes and removes the volumes of pods.
mod set_up;
/// Makes directories out of what containers mount.
mod sub_path;
/// What a pod's own files take on the disk.
mod usage;

pub(crate) use mounts::mounts;
pub(crate) use payload::sources;
pub(crate) use root::Root;
pub(crate) use set_up::Volumes;
pub(crate) use sub_path::place;
pub(crate) use usage::Limits;
