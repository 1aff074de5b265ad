//! CustomResourceDefinitions: the kinds they describe.

use api::{Kind, Object, custom};

use crate::View;

pub struct DefinitionView {
    rows: &'static [Kind],
}

impl DefinitionView {
    /// The versions that are served; none before the definition is established.
    pub fn rows(&self) -> impl Iterator<Item = &'static Kind> + use<> {
        self.rows.iter().filter(|kind| kind.is_served())
    }

    /// The row under which clients best speak of the resource: the preferred of those that are served.
    pub fn preferred(&self) -> Option<&'static Kind> {
        self.rows().next()
    }
}

impl View for DefinitionView {
    const KIND: &'static Kind = &api::kinds::CUSTOM_RESOURCE_DEFINITION;

    fn of(object: &Object) -> Self {
        let crd = object.value();
        Self { rows: if custom::is_established(&crd) { custom::rows(&crd) } else { &[] } }
    }
}
