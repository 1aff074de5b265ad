//! Deployment: rolls ReplicaSets. Also served in its retired form, `extensions/v1beta1`.

mod legacy;

use crate::kind::{Generation, Kind, Subresource, Version};

pub static KIND: Kind = Kind {
    kind: "Deployment",
    plural: "deployments",
    short_names: &["deploy"],
    categories: &["all"],
    versions: &[
        Version::hub("apps", "v1", "io.k8s.api.apps.v1.Deployment"),
        Version {
            to_hub: legacy::to_hub,
            deprecation: legacy::DEPRECATION,
            ..Version::hub("extensions", "v1beta1", "io.k8s.api.apps.v1.Deployment")
        },
    ],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
    generation: Generation::Counted,
    ..Kind::NAMESPACED
};
