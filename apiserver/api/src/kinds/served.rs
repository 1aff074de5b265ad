//! The kinds that are served: the built-in ones, and those that definitions describe.

use serde_json::Value;

use super::ALL;
use crate::{Kind, custom, kind::Version};

/// All rows there are at one time. Cheap to make: a definition's rows are made once.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    custom: Vec<&'static Kind>,
}

impl Kinds {
    /// The built-in kinds and those of `definitions` that are established; each is a CustomResourceDefinition.
    pub fn of<'a>(definitions: impl IntoIterator<Item = &'a Value>) -> Self {
        let established = definitions.into_iter().filter(|crd| custom::is_established(crd));
        let mut custom: Vec<&'static Kind> = established.flat_map(custom::rows).collect();
        custom.sort_by_cached_key(|kind| (kind.group(), custom::priority::of(kind.hub().version)));
        Self { custom }
    }

    /// Every row that requests may name.
    pub fn all(&self) -> impl Iterator<Item = &'static Kind> {
        ALL.iter().copied().chain(self.custom())
    }

    /// The rows of definitions, by group and then the preferred version first.
    pub fn custom(&self) -> impl Iterator<Item = &'static Kind> {
        self.custom.iter().copied().filter(|kind| kind.is_served())
    }

    /// What tells one time from another: the same definitions have the same rows.
    pub fn rows(&self) -> Vec<*const Kind> {
        self.custom.iter().map(|kind| std::ptr::from_ref(*kind)).collect()
    }

    /// One row for each resource of a definition, be it that none of its versions is served.
    pub fn stored(&self) -> impl Iterator<Item = &'static Kind> {
        self.custom.iter().copied().filter(|kind| kind.custom.is_some_and(|custom| custom.is_stored()))
    }

    /// The row served under `group`/`version` as `plural`.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
        super::find(group, version, plural)
            .or_else(|| self.custom().find(|kind| speaks(kind, group, version) && kind.plural == plural))
    }

    /// The row whose objects say `apiVersion: group/version` and `kind: kind`.
    pub fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
        super::by_kind(group, version, kind)
            .or_else(|| self.custom().find(|row| speaks(row, group, version) && row.kind == kind))
    }
}

fn speaks(kind: &Kind, group: &str, version: &str) -> bool {
    let is = |v: &Version| v.group == group && v.version == version;
    kind.versions.iter().any(is)
}
