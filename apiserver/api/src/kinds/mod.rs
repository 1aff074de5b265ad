//! Every built-in kind, one file and one row each.

pub mod columns;
mod config_map;

use crate::Kind;

/// The rows, in the order in which discovery lists them.
pub static ALL: &[&Kind] = &[&config_map::KIND];

/// Rows by name, for code outside the generic path (controllers, the node).
pub use config_map::KIND as CONFIG_MAP;

/// The row served under `group`/`version` as `plural`.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    ALL.iter()
        .copied()
        .find(|kind| kind.plural == plural && kind.versions.iter().any(|v| v.group == group && v.version == version))
}
