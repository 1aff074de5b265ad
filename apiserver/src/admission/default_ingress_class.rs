//! DefaultIngressClass: an Ingress that names no class is the default class's.

use api::kinds;

use super::{Mutate, Plugin, State};

/// Marks the class that Ingresses without one belong to.
pub(super) const ANNOTATION: &str = "ingressclass.kubernetes.io/is-default-class";

pub(super) const PLUGIN: Plugin = Plugin {
    name: "DefaultIngressClass",
    concerns: |attributes| attributes.creates(&kinds::INGRESS),
    mutate: Mutate::Now(|attributes, ingress| {
        let old_way = &ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"];
        if ingress["spec"]["ingressClassName"].is_null()
            && old_way.is_null()
            && let Some(name) = State::default_ingress_class(attributes.app).as_ref()
        {
            ingress["spec"]["ingressClassName"] = name.as_str().into();
        }
        Ok(())
    }),
    ..Plugin::NOTHING
};
