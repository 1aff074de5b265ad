//! Job: pods that run until enough of them have succeeded.

use serde_json::{Value, json};

use super::job_validate;
use crate::{
    kind::{Column, Field, Generation, Kind, Subresource, Version},
    kinds::{
        columns::{CONTAINERS, IMAGES, human_duration, or_none},
        default::{items, member, set, set_text},
        pod_spec,
        read::{at, integer, list, text},
        status, template,
    },
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "Job",
    plural: "jobs",
    categories: &["all"],
    versions: &[Version::hub("batch", "v1", "io.k8s.api.batch.v1.Job")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Status", phase),
        Column::text("Completions", completions),
        Column::text("Duration", duration),
        Column::AGE,
        CONTAINERS,
        IMAGES,
        Column::text("Selector", |job| or_none(LabelSelector::of(at(job, &["spec", "selector"])).to_string())).wide(),
    ],
    fields: &[Field { path: "status.successful", value: |job| integer(job, &["status", "succeeded"]).to_string() }],
    generation: Generation::Counted,
    default,
    prepare_create,
    prepare_update: status::keep,
    validate: job_validate::validate,
    validate_update: job_validate::validate_update,
    orphans: Some(
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
    ),
    warnings: template::warnings,
    ..Kind::NAMESPACED
};

/// The labels by which a Job finds its pods, new and old.
const OWN_LABELS: [(&str, &str); 4] = [
    ("batch.kubernetes.io/controller-uid", "uid"),
    ("controller-uid", "uid"),
    ("batch.kubernetes.io/job-name", "name"),
    ("job-name", "name"),
];

fn condition(job: &Value, kind: &str) -> bool {
    let mut conditions = list(job, &["status", "conditions"]).iter();
    conditions.any(|condition| condition["type"] == kind && condition["status"] == "True")
}

fn phase(job: &Value) -> Value {
    let phase = if condition(job, "Complete") {
        "Complete"
    } else if condition(job, "Failed") {
        "Failed"
    } else if !at(job, &["metadata", "deletionTimestamp"]).is_null() {
        "Terminating"
    } else if condition(job, "Suspended") {
        "Suspended"
    } else if condition(job, "FailureTarget") {
        "FailureTarget"
    } else if condition(job, "SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    phase.into()
}

fn completions(job: &Value) -> Value {
    let (done, parallel) = (integer(job, &["status", "succeeded"]), integer(job, &["spec", "parallelism"]));
    match at(job, &["spec", "completions"]).as_i64() {
        Some(wanted) => format!("{done}/{wanted}"),
        None if parallel > 1 => format!("{done}/1 of {parallel}"),
        None => format!("{done}/1"),
    }
    .into()
}

fn duration(job: &Value) -> Value {
    let time = |name: &str| text(job, &["status", name]).parse::<jiff::Timestamp>().ok();
    let Some(began) = time("startTime") else { return "".into() };
    let failed = list(job, &["status", "conditions"]).iter().find(|condition| condition["type"] == "Failed");
    let failed = failed.and_then(|condition| text(condition, &["lastTransitionTime"]).parse().ok());
    let ended = time("completionTime").or(failed).unwrap_or_else(jiff::Timestamp::now);
    human_duration(ended.as_second() - began.as_second()).into()
}

pub(super) fn default_spec(spec: &mut Value) {
    let (completions, parallelism) = (at(spec, &["completions"]).is_null(), at(spec, &["parallelism"]).is_null());
    if completions && parallelism {
        set(spec, "completions", 1);
    }
    set(spec, "parallelism", 1);
    let per_index = !at(spec, &["backoffLimitPerIndex"]).is_null();
    set(spec, "backoffLimit", if per_index { i64::from(i32::MAX) } else { 6 });
    set_text(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    let policy = !at(spec, &["podFailurePolicy"]).is_null();
    set_text(spec, "podReplacementPolicy", if policy { "Failed" } else { "TerminatingOrFailed" });
    if policy {
        for rule in items(&mut spec["podFailurePolicy"], "rules") {
            for pattern in items(rule, "onPodConditions") {
                set_text(pattern, "status", "True");
            }
        }
    }
    pod_spec::default::of_template(member(member(spec, "template"), "spec"));
}

fn default(job: &mut Value) {
    default_spec(member(job, "spec"));
}

/// A Job without labels has those of its pods.
fn label(job: &mut Value) {
    let labels = at(job, &["spec", "template", "metadata", "labels"]).clone();
    let metadata = member(job, "metadata");
    if at(metadata, &["labels"]).as_object().is_none_or(serde_json::Map::is_empty) && labels.is_object() {
        metadata["labels"] = labels;
    }
}

/// A Job finds its pods by its own uid, unless the user wants to choose.
fn prepare_create(job: &mut Value) {
    status::clear(job);
    label(job);
    if job["spec"]["manualSelector"] == true {
        return;
    }
    let (uid, name) = (job["metadata"]["uid"].clone(), job["metadata"]["name"].clone());
    let labels = member(member(member(member(job, "spec"), "template"), "metadata"), "labels");
    for (label, from) in OWN_LABELS {
        set(labels, label, if from == "uid" { uid.clone() } else { name.clone() });
    }
    if at(job, &["spec", "selector"]).is_null() {
        job["spec"]["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    }
}
