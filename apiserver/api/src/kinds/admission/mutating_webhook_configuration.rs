//! MutatingWebhookConfiguration: whom the server asks before a write, and lets change it.

use super::webhooks;
use crate::{
    kind::{Column, Generation, Kind, Version},
    kinds::{
        default::{items, set},
        read::list,
    },
};

pub static KIND: Kind = Kind {
    kind: "MutatingWebhookConfiguration",
    plural: "mutatingwebhookconfigurations",
    categories: &["api-extensions"],
    versions: &[Version::hub(
        "admissionregistration.k8s.io",
        "v1",
        "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
    )],
    columns: &[
        Column::NAME,
        Column::text("Webhooks", |object| list(object, &["webhooks"]).len().into()).integer(),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default: |configuration| {
        webhooks::default(configuration);
        items(configuration, "webhooks").for_each(|webhook| set(webhook, "reinvocationPolicy", "Never"));
    },
    validate: webhooks::validate,
    ..Kind::CLUSTER
};
