//! What may change or refuse a write before it is stored: the list of plugins, in their order.

mod default_toleration_seconds;
mod namespace_lifecycle;
mod service_account;

use api::Status;
use serde_json::Value;

use crate::{
    app::{App, Row},
    request_info::RequestInfo,
};

/// What a plugin knows about a write.
pub(crate) struct Attributes<'a> {
    pub(crate) app: &'a App,
    pub(crate) row: Row,
    pub(crate) operation: Operation,
    pub(crate) info: &'a RequestInfo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

/// One file and one row each. Both hooks see the hub version; `validate` sees the old object on DELETE.
struct Plugin {
    name: &'static str,
    mutate: fn(&Attributes<'_>, &mut Value) -> Result<(), Status>,
    validate: fn(&Attributes<'_>, &Value) -> Result<(), Status>,
}

impl Plugin {
    const NOTHING: Self = Self { name: "", mutate: |_, _| Ok(()), validate: |_, _| Ok(()) };
}

/// Upstream's order. Priority, LimitRanger, ResourceQuota and the webhooks have their places behind these.
const PLUGINS: &[Plugin] = &[namespace_lifecycle::PLUGIN, service_account::PLUGIN, default_toleration_seconds::PLUGIN];

/// Lets every plugin change `value`.
pub(crate) fn mutate(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|plugin| (plugin.mutate)(attributes, value).inspect_err(|status| refused(plugin, status)))
}

/// Asks every plugin whether it minds.
pub(crate) fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|plugin| (plugin.validate)(attributes, value).inspect_err(|status| refused(plugin, status)))
}

fn refused(plugin: &Plugin, status: &Status) {
    tracing::debug!(plugin = plugin.name, %status, "admission refused a write");
}

impl Attributes<'_> {
    /// Whether the write is of a whole object of `resource`, e.g. `pods`.
    fn is_for(&self, resource: &str) -> bool {
        self.info.subresource.is_empty() && self.row.kind.plural == resource && self.row.kind.group().is_empty()
    }
}
