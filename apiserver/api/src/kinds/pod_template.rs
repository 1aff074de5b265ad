//! PodTemplate: a pod that is yet to be, kept by itself.

use serde_json::Value;

use crate::{
    kind::{Column, Generation, Kind, Version},
    kinds::{
        columns::labels,
        default::member,
        pod_spec,
        read::{at, list, text},
    },
};

pub static KIND: Kind = Kind {
    kind: "PodTemplate",
    plural: "podtemplates",
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.PodTemplate")],
    columns: &[
        Column::NAME,
        Column::text("Containers", |template| of_containers(template, "name")),
        Column::text("Images", |template| of_containers(template, "image")),
        Column::text("Pod Labels", |template| labels(at(template, &["template", "metadata", "labels"]))),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default: |template| pod_spec::default::of_template(member(member(template, "template"), "spec")),
    validate: |template| {
        let mut errors = Vec::new();
        pod_spec::validate::validate(&mut errors, "template.spec", at(template, &["template", "spec"]));
        errors
    },
    warnings: |template| pod_spec::warnings::of("template.spec", at(template, &["template", "spec"])),
    shows_deleted: true,
    ..Kind::NAMESPACED
};

fn of_containers(template: &Value, what: &str) -> Value {
    let containers = list(template, &["template", "spec", "containers"]).iter();
    containers.map(|container| text(container, &[what])).collect::<Vec<_>>().join(",").into()
}
