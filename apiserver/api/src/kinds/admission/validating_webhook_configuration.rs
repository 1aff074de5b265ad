//! ValidatingWebhookConfiguration: whom the server asks before a write, when nothing changes any more.

use super::webhooks;
use crate::{
    kind::{Column, Generation, Kind, Version},
    kinds::read::list,
};

pub static KIND: Kind = Kind {
    kind: "ValidatingWebhookConfiguration",
    plural: "validatingwebhookconfigurations",
    categories: &["api-extensions"],
    versions: &[Version::hub(
        "admissionregistration.k8s.io",
        "v1",
        "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
    )],
    columns: &[
        Column::NAME,
        Column::text("Webhooks", |object| list(object, &["webhooks"]).len().into()).integer(),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default: webhooks::default,
    validate: webhooks::validate,
    ..Kind::CLUSTER
};
