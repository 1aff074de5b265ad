//! RuntimeClass: by what a pod is run, what that costs, and where it is to be had.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Kind, Version},
    kinds::{
        checks::{immutable, labels, members, named},
        pod_spec::{placement, resources},
        read::{at, list, text},
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "RuntimeClass",
    plural: "runtimeclasses",
    versions: &[Version::hub("node.k8s.io", "v1", "io.k8s.api.node.v1.RuntimeClass")],
    columns: &[Column::NAME, Column::text("Handler", |object| text(object, &["handler"]).into()), Column::AGE],
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        immutable(&mut errors, "handler", at(new, &["handler"]), at(old, &["handler"]));
        errors
    },
    ..Kind::CLUSTER
};

/// `pkg/apis/node/validation/validation.go`.
fn validate(class: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    named(&mut errors, "handler".to_owned(), text(class, &["handler"]), names::dns_label);
    for (name, amount) in members(at(class, &["overhead", "podFixed"])) {
        let path = format!("overhead.podFixed[{name}]");
        errors.extend(Error::each(&path, name.as_str(), names::qualified(name)));
        resources::quantity(&mut errors, &path, name, amount);
    }
    labels(&mut errors, "scheduling.nodeSelector", at(class, &["scheduling", "nodeSelector"]));
    placement::tolerations(&mut errors, "scheduling.tolerations", list(class, &["scheduling", "tolerations"]));
    errors
}
