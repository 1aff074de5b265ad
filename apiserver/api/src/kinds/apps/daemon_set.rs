//! DaemonSet: one pod on every node that wants it.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::{immutable, is_empty_selector, label_selector, none_negative},
        columns::{CONTAINERS, IMAGES, labels, or_none},
        default::{member, set, set_text},
        pod_spec,
        read::{at, integer, text},
        rolling, status, template,
    },
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "DaemonSet",
    plural: "daemonsets",
    short_names: &["ds"],
    categories: &["all"],
    versions: &[Version::hub("apps", "v1", "io.k8s.api.apps.v1.DaemonSet")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Desired", |set| integer(set, &["status", "desiredNumberScheduled"]).into()).integer(),
        Column::text("Current", |set| integer(set, &["status", "currentNumberScheduled"]).into()).integer(),
        Column::text("Ready", |set| integer(set, &["status", "numberReady"]).into()).integer(),
        Column::text("Up-to-date", |set| integer(set, &["status", "updatedNumberScheduled"]).into()).integer(),
        Column::text("Available", |set| integer(set, &["status", "numberAvailable"]).into()).integer(),
        Column::text("Node Selector", |set| labels(at(set, &["spec", "template", "spec", "nodeSelector"]))),
        Column::AGE,
        CONTAINERS,
        IMAGES,
        Column::text("Selector", |set| or_none(LabelSelector::of(at(set, &["spec", "selector"])).to_string())).wide(),
    ],
    generation: Generation::Counted,
    default,
    prepare_create: |set| {
        let zero =
            json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0});
        status::reset(set, zero);
    },
    prepare_update: status::keep,
    validate,
    validate_update: |new, old| {
        let mut errors = Vec::new();
        immutable(&mut errors, "spec.selector", at(new, &["spec", "selector"]), at(old, &["spec", "selector"]));
        errors
    },
    validate_status: |new, _| {
        let mut errors = Vec::new();
        none_negative(
            &mut errors,
            "status",
            at(new, &["status"]),
            &[
                "currentNumberScheduled",
                "numberMisscheduled",
                "desiredNumberScheduled",
                "numberReady",
                "observedGeneration",
                "updatedNumberScheduled",
                "numberAvailable",
                "numberUnavailable",
                "collisionCount",
            ],
        );
        errors
    },
    warnings: template::warnings,
    ..Kind::NAMESPACED
};

fn default(object: &mut Value) {
    let spec = member(object, "spec");
    set(spec, "revisionHistoryLimit", 10);
    let strategy = member(spec, "updateStrategy");
    set_text(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = member(strategy, "rollingUpdate");
        set(rolling, "maxUnavailable", 1);
        set(rolling, "maxSurge", 0);
    }
    pod_spec::default::of_template(member(member(spec, "template"), "spec"));
}

/// pkg/apis/apps/validation/validation.go, ValidateDaemonSetSpec
fn validate(set: &Value) -> Vec<Error> {
    let spec = at(set, &["spec"]);
    let mut errors = Vec::new();
    let selector = at(spec, &["selector"]);
    if selector.is_null() {
        errors.push(Error::required("spec.selector", ""));
    } else {
        label_selector(&mut errors, "spec.selector", selector);
        if is_empty_selector(selector) {
            let detail = "empty selector is invalid for daemonset";
            errors.push(Error::invalid("spec.selector", selector.clone(), detail));
        }
    }
    template::validate(&mut errors, at(spec, &["template"]), &LabelSelector::of(selector), "DaemonSet");
    none_negative(&mut errors, "spec", spec, &["minReadySeconds", "revisionHistoryLimit"]);
    let strategy = at(spec, &["updateStrategy"]);
    match text(strategy, &["type"]) {
        "OnDelete" => {}
        "RollingUpdate" => {
            const PATH: &str = "spec.updateStrategy.rollingUpdate";
            let rolling = at(strategy, &["rollingUpdate"]);
            if rolling.is_null() {
                errors.push(Error::required(PATH, ""));
                return errors;
            }
            let (unavailable, surge) = (at(rolling, &["maxUnavailable"]), at(rolling, &["maxSurge"]));
            rolling::number_or_percent(&mut errors, format!("{PATH}.maxUnavailable"), unavailable);
            rolling::number_or_percent(&mut errors, format!("{PATH}.maxSurge"), surge);
            match (rolling::amount(unavailable) != 0, rolling::amount(surge) != 0) {
                (true, true) => {
                    let detail = "may not be set when maxUnavailable is non-zero";
                    errors.push(Error::invalid(format!("{PATH}.maxSurge"), surge.clone(), detail));
                }
                (false, false) => {
                    errors.push(Error::required(format!("{PATH}.maxUnavailable"), "cannot be 0 when maxSurge is 0"));
                }
                _ => {}
            }
        }
        other => {
            errors.push(Error::not_supported("spec.updateStrategy.type", other, &["OnDelete", "RollingUpdate"]));
        }
    }
    errors
}
