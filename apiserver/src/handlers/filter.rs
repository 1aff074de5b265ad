//! Which objects of a kind a list or watch is about: namespace, labels, fields.

use std::sync::Arc;

use api::{
    Key, Kind, Object, Status,
    selector::{FieldSelector, LabelSelector},
};

use store::Snapshot;

use crate::app::{Call, Row};

pub(crate) struct Filter {
    kind: &'static Kind,
    /// Empty: all.
    pub(crate) namespace: String,
    /// Where the namespace begins.
    start: Option<Key>,
    labels: Option<LabelSelector>,
    fields: Option<FieldSelector>,
}

impl Filter {
    pub(crate) fn of(call: &Call, row: Row) -> Result<Self, Status> {
        let labels = match call.query.get("labelSelector") {
            "" => None,
            text => Some(LabelSelector::parse(text).map_err(Status::bad_request)?),
        };
        let fields = match call.query.get("fieldSelector") {
            "" => None,
            text => {
                let selector = FieldSelector::parse(text).map_err(Status::bad_request)?.in_hub(row.version);
                selector.check(row.kind).map_err(Status::bad_request)?;
                Some(selector)
            }
        };
        let namespace = if row.kind.namespaced { call.info.namespace.clone() } else { String::new() };
        Ok(Self {
            kind: row.kind,
            start: (!namespace.is_empty()).then(|| Key::new(&namespace, "")),
            namespace,
            labels: labels.filter(|labels| !labels.is_everything()),
            fields: fields.filter(|fields| !fields.is_everything()),
        })
    }

    /// Whether anything but the namespace chooses.
    pub(crate) fn selects(&self) -> bool {
        self.labels.is_some() || self.fields.is_some()
    }

    /// What it lets through of `snapshot`, from `start` on; other namespaces are not even looked at.
    pub(crate) fn select<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        start: Option<&'a Key>,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        let within = |object: &&Arc<Object>| self.namespace.is_empty() || *object.key().namespace == *self.namespace;
        snapshot.iter_from(start.or(self.start.as_ref())).take_while(within).filter(|object| self.matches(object))
    }

    pub(crate) fn matches(&self, object: &Object) -> bool {
        (self.namespace.is_empty() || *self.namespace == *object.meta.key.namespace)
            && self.labels.as_ref().is_none_or(|labels| labels.matches(&object.meta.labels))
            && self.fields.as_ref().is_none_or(|fields| fields.matches(self.kind, &object.meta))
    }
}
