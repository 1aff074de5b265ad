//! Endpoints: the addresses behind a Service, in the old form.

use crate::kind::{Kind, Version};

pub static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    short_names: &["ep"],
    versions: &[Version::hub("", "v1", "io.k8s.api.core.v1.Endpoints")],
    ..Kind::NAMESPACED
};
