//! StatefulSet: pods with names, an order, and volumes of their own.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::{is_empty_selector, label_selector, none_negative, not_negative, one_of},
        columns::{CONTAINERS, IMAGES},
        default::{items, member, set, set_text},
        pod_spec,
        read::{at, integer, list, text},
        rolling, status,
        storage::persistent_volume_claim,
        template,
    },
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "StatefulSet",
    plural: "statefulsets",
    short_names: &["sts"],
    categories: &["all"],
    versions: &[Version::hub("apps", "v1", "io.k8s.api.apps.v1.StatefulSet")],
    subresources: &[Subresource::SCALE, Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Ready", |set| {
            format!("{}/{}", integer(set, &["status", "readyReplicas"]), integer(set, &["spec", "replicas"])).into()
        }),
        Column::AGE,
        CONTAINERS,
        IMAGES,
    ],
    generation: Generation::Counted,
    default,
    prepare_create: |object| status::reset(object, json!({"replicas": 0, "availableReplicas": 0})),
    prepare_update: status::keep,
    validate,
    validate_update,
    validate_status: |new, _| {
        let counts = &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
        template::validate_status(at(new, &["status"]), counts)
    },
    warnings: template::warnings,
    ..Kind::NAMESPACED
};

fn default(object: &mut Value) {
    let spec = member(object, "spec");
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set_text(spec, "podManagementPolicy", "OrderedReady");
    let strategy = member(spec, "updateStrategy");
    set_text(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        set(member(strategy, "rollingUpdate"), "partition", 0);
    }
    let retention = member(spec, "persistentVolumeClaimRetentionPolicy");
    set_text(retention, "whenDeleted", "Retain");
    set_text(retention, "whenScaled", "Retain");
    for claim in items(spec, "volumeClaimTemplates") {
        set_text(claim, "apiVersion", "v1");
        set_text(claim, "kind", "PersistentVolumeClaim");
        (persistent_volume_claim::KIND.default)(claim);
        set_text(member(claim, "status"), "phase", "Pending");
    }
    pod_spec::default::of_template(member(member(spec, "template"), "spec"));
}

/// pkg/apis/apps/validation/validation.go, ValidateStatefulSetSpec
fn validate(set: &Value) -> Vec<Error> {
    let spec = at(set, &["spec"]);
    let mut errors = Vec::new();
    one_of(
        &mut errors,
        "spec.podManagementPolicy".into(),
        text(spec, &["podManagementPolicy"]),
        &["OrderedReady", "Parallel"],
    );
    let strategy = at(spec, &["updateStrategy"]);
    match text(strategy, &["type"]) {
        "OnDelete" if !at(strategy, &["rollingUpdate"]).is_null() => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(Error::invalid(
                "spec.updateStrategy.rollingUpdate",
                at(strategy, &["rollingUpdate"]).clone(),
                detail,
            ));
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            let rolling = at(strategy, &["rollingUpdate"]);
            not_negative(&mut errors, "spec.updateStrategy.rollingUpdate.partition", at(rolling, &["partition"]));
            let unavailable = at(rolling, &["maxUnavailable"]);
            if !unavailable.is_null() {
                let path = "spec.updateStrategy.rollingUpdate.maxUnavailable";
                rolling::number_or_percent(&mut errors, path.into(), unavailable);
                if rolling::amount(unavailable) == 0 {
                    errors.push(Error::invalid(path, unavailable.clone(), "cannot be 0"));
                }
            }
        }
        "" => errors.push(Error::required("spec.updateStrategy", "")),
        other => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(Error::invalid("spec.updateStrategy", other, detail));
        }
    }
    let retention = at(spec, &["persistentVolumeClaimRetentionPolicy"]);
    for name in ["whenDeleted", "whenScaled"] {
        let path = format!("spec.persistentVolumeClaimRetentionPolicy.{name}");
        one_of(&mut errors, path, text(retention, &[name]), &["Delete", "Retain"]);
    }
    none_negative(&mut errors, "spec", spec, &["replicas", "minReadySeconds"]);
    not_negative(&mut errors, "spec.ordinals.start", at(spec, &["ordinals", "start"]));
    for (i, claim) in list(spec, &["volumeClaimTemplates"]).iter().enumerate() {
        let path = format!("spec.volumeClaimTemplates[{i}].spec");
        errors.extend(persistent_volume_claim::spec(&path, at(claim, &["spec"])));
    }
    let selector = at(spec, &["selector"]);
    if selector.is_null() {
        errors.push(Error::required("spec.selector", ""));
    } else {
        label_selector(&mut errors, "spec.selector", selector);
        if is_empty_selector(selector) {
            let detail = "empty selector is invalid for statefulset";
            errors.push(Error::invalid("spec.selector", selector.clone(), detail));
        }
    }
    template::validate(&mut errors, at(spec, &["template"]), &LabelSelector::of(selector), "StatefulSet");
    errors
}

fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    const CHANGES: &[&str] = &[
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let fixed = |set: &Value| {
        let mut spec = at(set, &["spec"]).clone();
        if let Some(members) = spec.as_object_mut() {
            members.retain(|name, value| !CHANGES.contains(&name.as_str()) && !value.is_null());
        }
        spec
    };
    let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    if fixed(new) == fixed(old) { Vec::new() } else { vec![Error::forbidden("spec", detail)] }
}
