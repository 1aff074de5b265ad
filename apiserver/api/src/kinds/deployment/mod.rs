//! Deployment: rolls ReplicaSets. Also served in its retired form, `extensions/v1beta1`.

mod legacy;

use serde_json::Value;

use crate::{
    kind::{Generation, Kind, Subresource, Version},
    kinds::{
        default::{member, set, set_text},
        pod_spec, status,
    },
};

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
    default,
    prepare_create: status::clear,
    prepare_update: status::keep,
    ..Kind::NAMESPACED
};

fn default(deployment: &mut Value) {
    let spec = member(deployment, "spec");
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "progressDeadlineSeconds", 600);
    let strategy = member(spec, "strategy");
    set_text(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = member(strategy, "rollingUpdate");
        set(rolling, "maxSurge", "25%");
        set(rolling, "maxUnavailable", "25%");
    }
    pod_spec::default::of_template(member(member(spec, "template"), "spec"));
}
