//! IngressClass: who serves an Ingress.

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Version},
    kinds::{
        checks::{immutable, named},
        columns::or_none,
        default::set_text,
        read::{at, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "IngressClass",
    plural: "ingressclasses",
    versions: &[Version::hub("networking.k8s.io", "v1", "io.k8s.api.networking.v1.IngressClass")],
    columns: &[
        Column::NAME,
        Column::text("Controller", |class| text(class, &["spec", "controller"]).into()),
        Column::text("Parameters", |class| {
            let parameters = at(class, &["spec", "parameters"]);
            if parameters.is_null() {
                return "<none>".into();
            }
            let kind = match text(parameters, &["apiGroup"]) {
                "" => text(parameters, &["kind"]).to_owned(),
                group => format!("{}.{group}", text(parameters, &["kind"])),
            };
            or_none(format!("{kind}/{}", text(parameters, &["name"])))
        }),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default: |class| {
        if at(class, &["spec", "parameters"]).is_object() {
            set_text(&mut class["spec"]["parameters"], "scope", "Cluster");
        }
    },
    validate: |class| {
        let mut errors = Vec::new();
        let controller = text(class, &["spec", "controller"]);
        if controller.len() > 250 {
            errors.push(Error::too_long("spec.controller", 250));
        }
        named(&mut errors, "spec.controller".into(), controller, domain_prefixed);
        let parameters = at(class, &["spec", "parameters"]);
        if !parameters.is_null() {
            for name in ["kind", "name"].iter().filter(|name| text(parameters, &[name]).is_empty()) {
                errors.push(Error::required(format!("spec.parameters.{name}"), ""));
            }
            match (text(parameters, &["scope"]), text(parameters, &["namespace"])) {
                ("Namespace", "") => {
                    let detail = "`parameters.scope` is set to 'Namespace'";
                    errors.push(Error::required("spec.parameters.namespace", detail));
                }
                ("Cluster", namespace) if !namespace.is_empty() => {
                    let detail = "`parameters.scope` is set to 'Cluster'";
                    errors.push(Error::forbidden("spec.parameters.namespace", detail));
                }
                ("Namespace" | "Cluster", _) => {}
                (other, _) => {
                    errors.push(Error::not_supported("spec.parameters.scope", other, &["Cluster", "Namespace"]));
                }
            }
        }
        errors
    },
    validate_update: |new, old| {
        let mut errors = Vec::new();
        let controller = ["spec", "controller"];
        immutable(&mut errors, "spec.controller", at(new, &controller), at(old, &controller));
        errors
    },
    ..Kind::CLUSTER
};

/// `example.com/name`
fn domain_prefixed(text: &str) -> Vec<String> {
    match text.split_once('/') {
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => names::dns_subdomain(domain),
        _ => vec!["must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()],
    }
}
