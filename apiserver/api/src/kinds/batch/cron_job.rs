//! CronJob: Jobs at certain times.

use serde_json::Value;

use super::{job, job_validate, schedule};
use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::{none_negative, one_of},
        columns::{age, or, or_none},
        default::{member, set, set_text},
        read::{at, list, text},
        status,
    },
    selector::LabelSelector,
};

pub static KIND: Kind = Kind {
    kind: "CronJob",
    plural: "cronjobs",
    short_names: &["cj"],
    categories: &["all"],
    versions: &[Version::hub("batch", "v1", "io.k8s.api.batch.v1.CronJob")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Schedule", |cron| text(cron, &["spec", "schedule"]).into()),
        Column::text("Timezone", |cron| or_none(text(cron, &["spec", "timeZone"]))),
        Column::text("Suspend", |cron| {
            let shown = if at(cron, &["spec", "suspend"]) == true { "True" } else { "False" };
            shown.into()
        }),
        Column::text("Active", |cron| list(cron, &["status", "active"]).len().into()).integer(),
        Column::text("Last Schedule", |cron| {
            let last = at(cron, &["status", "lastScheduleTime"]);
            if last.is_null() { "<none>".into() } else { age(last) }
        }),
        Column::AGE,
        Column::text("Containers", |cron| containers(cron, "name")).wide(),
        Column::text("Images", |cron| containers(cron, "image")).wide(),
        Column::text("Selector", |cron| {
            or(LabelSelector::of(at(cron, &["spec", "jobTemplate", "spec", "selector"])).to_string(), "<none>")
        })
        .wide(),
    ],
    generation: Generation::Counted,
    default,
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate,
    ..Kind::NAMESPACED
};

fn containers(cron: &Value, what: &str) -> Value {
    let containers = list(cron, &["spec", "jobTemplate", "spec", "template", "spec", "containers"]).iter();
    containers.map(|container| text(container, &[what])).collect::<Vec<_>>().join(",").into()
}

fn default(cron: &mut Value) {
    let spec = member(cron, "spec");
    set_text(spec, "concurrencyPolicy", "Allow");
    set(spec, "suspend", false);
    set(spec, "successfulJobsHistoryLimit", 3);
    set(spec, "failedJobsHistoryLimit", 1);
    let template = member(member(spec, "jobTemplate"), "spec");
    // the numbers of a template are filled in when a Job is made of it
    let (completions, parallelism) = (at(template, &["completions"]).is_null(), at(template, &["parallelism"]).is_null());
    let given: Vec<&str> = ["backoffLimit", "completionMode", "suspend", "podReplacementPolicy"]
        .into_iter()
        .filter(|name| !at(template, &[name]).is_null())
        .collect();
    job::default_spec(template);
    if let Some(members) = template.as_object_mut() {
        for name in ["backoffLimit", "completionMode", "suspend", "podReplacementPolicy"] {
            if !given.contains(&name) {
                members.remove(name);
            }
        }
        if completions {
            members.remove("completions");
        }
        if parallelism {
            members.remove("parallelism");
        }
    }
}

/// pkg/apis/batch/validation/validation.go, validateCronJobSpec
fn validate(cron: &Value) -> Vec<Error> {
    let spec = at(cron, &["spec"]);
    let mut errors = Vec::new();
    if text(cron, &["metadata", "name"]).len() > 52 {
        let name = text(cron, &["metadata", "name"]);
        errors.push(Error::invalid("metadata.name", name, "must be no more than 52 characters"));
    }
    match text(spec, &["schedule"]) {
        "" => errors.push(Error::required("spec.schedule", "")),
        text if text.contains("TZ") => {
            let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            errors.push(Error::invalid("spec.schedule", text, detail));
        }
        text => errors.extend(schedule::check(text).err().map(|why| Error::invalid("spec.schedule", text, why))),
    }
    let zone = text(spec, &["timeZone"]);
    if !at(spec, &["timeZone"]).is_null() && (zone.is_empty() || jiff::tz::TimeZone::get(zone).is_err()) {
        let detail = if zone.is_empty() {
            "timeZone must be nil or non-empty string".to_owned()
        } else {
            format!("unknown time zone {zone}")
        };
        errors.push(Error::invalid("spec.timeZone", zone, detail));
    }
    let numbers = &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"];
    none_negative(&mut errors, "spec", spec, numbers);
    let policies = &["Allow", "Forbid", "Replace"];
    one_of(&mut errors, "spec.concurrencyPolicy".into(), text(spec, &["concurrencyPolicy"]), policies);
    // a template without these means their defaults
    let mut template = at(spec, &["jobTemplate", "spec"]).clone();
    job::default_spec(&mut template);
    errors.extend(job_validate::spec("spec.jobTemplate.spec", &template));
    if at(&template, &["manualSelector"]) == true {
        let detail = &["nil", "false"];
        errors.push(Error::not_supported("spec.jobTemplate.spec.manualSelector", true, detail));
    }
    errors
}
