//! Endpoints: the addresses behind a Service, in the old form.

use serde_json::Value;

use crate::{
    kind::{Kind, Version},
    kinds::default::{items, set_text},
};

pub static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    short_names: &["ep"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Endpoints")],
    default,
    ..Kind::NAMESPACED
};

fn default(endpoints: &mut Value) {
    for subset in items(endpoints, "subsets") {
        items(subset, "ports").for_each(|port| set_text(port, "protocol", "TCP"));
    }
}
