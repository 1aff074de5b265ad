//! Deployment: rolls ReplicaSets. Also served in its retired form, `extensions/v1beta1`.

/// `extensions/v1beta1`.
mod legacy;
/// Every complaint.
pub(crate) mod validate;

use serde_json::Value;

use crate::{
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        columns::{CONTAINERS, IMAGES},
        default::{member, set, set_text},
        pod_spec,
        read::{at, integer},
        status, template,
    },
    selector::LabelSelector,
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
            ..Version::hub("extensions", "v1beta1", "io.k8s.api.extensions.v1beta1.Deployment")
        },
    ],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Ready", |deployment| {
            let count = |path: [&str; 2]| integer(deployment, &path);
            format!("{}/{}", count(["status", "readyReplicas"]), count(["spec", "replicas"])).into()
        }),
        Column::text("Up-to-date", |deployment| integer(deployment, &["status", "updatedReplicas"]).into()),
        Column::text("Available", |deployment| integer(deployment, &["status", "availableReplicas"]).into()),
        Column::AGE,
        CONTAINERS,
        IMAGES,
        Column::text("Selector", |deployment| LabelSelector::of(at(deployment, &["spec", "selector"])).to_string().into())
            .wide(),
    ],
    generation: Generation::Counted,
    default,
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate: validate::validate,
    validate_update: validate::validate_update,
    validate_status: validate::validate_status,
    warnings: template::warnings,
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
