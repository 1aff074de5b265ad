//! Volumes and the classes they are made from: `storage.k8s.io`, and what the core group has of it.

pub(crate) mod csi_driver;
pub(crate) mod csi_node;
pub(crate) mod csi_storage_capacity;
pub(crate) mod persistent_volume;
pub(crate) mod persistent_volume_claim;
pub(crate) mod storage_class;
pub(crate) mod volume_attachment;
pub(crate) mod volume_attributes_class;

use serde_json::Value;

use super::read::list;

/// `RWO,ROX`: how `kubectl` abbreviates access modes.
fn access_modes(modes: &Value) -> String {
    let short = |mode: &Value| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    };
    let mut all: Vec<&str> = list(modes, &[]).iter().map(short).filter(|mode| !mode.is_empty()).collect();
    all.dedup();
    all.join(",")
}

/// The access modes a volume or a claim may ask for.
const ACCESS_MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
