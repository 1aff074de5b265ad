//! Every complaint about a Job (pkg/apis/batch/validation/validation.go).

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::{immutable, label_selector, none_negative, not_negative},
        read::{at, integer, list, text},
        template,
    },
    selector::LabelSelector,
};

const MOST_INDEXES: i64 = 100_000;

pub(super) fn validate(job: &Value) -> Vec<Error> {
    let spec = at(job, &["spec"]);
    let mut errors = self::spec("spec", spec);
    let selector = at(spec, &["selector"]);
    if selector.is_null() {
        errors.push(Error::required("spec.selector", ""));
    } else {
        label_selector(&mut errors, "spec.selector", selector);
    }
    let own = at(spec, &["template", "metadata", "labels"]);
    if !LabelSelector::of(selector).matches_json(own) {
        let detail = "`selector` does not match template `labels`";
        errors.push(Error::invalid("spec.template.metadata.labels", own.clone(), detail));
    }
    errors
}

/// Of Jobs and of the template of a CronJob.
pub(super) fn spec(path: &str, spec: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let names = &[
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    none_negative(&mut errors, path, spec, names);
    let present = |name: &str| !at(spec, &[name]).is_null();
    let indexed = text(spec, &["completionMode"]) == "Indexed";
    match text(spec, &["completionMode"]) {
        "Indexed" if !present("completions") => {
            errors.push(Error::required(format!("{path}.completions"), "when completion mode is Indexed"));
        }
        "Indexed" if integer(spec, &["parallelism"]) > MOST_INDEXES => {
            let detail = format!("must be less than or equal to {MOST_INDEXES} when completion mode is Indexed");
            errors.push(Error::invalid(format!("{path}.parallelism"), integer(spec, &["parallelism"]), detail));
        }
        "Indexed" | "NonIndexed" => {}
        other => errors.push(Error::not_supported(format!("{path}.completionMode"), other, &["Indexed", "NonIndexed"])),
    }
    if !indexed {
        for name in ["backoffLimitPerIndex", "maxFailedIndexes"].iter().filter(|name| present(name)) {
            let detail = "requires indexed job";
            errors.push(Error::invalid(format!("{path}.{name}"), at(spec, &[name]).clone(), detail));
        }
    }
    if present("maxFailedIndexes") && !present("backoffLimitPerIndex") {
        let detail = "when maxFailedIndexes is specified";
        errors.push(Error::required(format!("{path}.backoffLimitPerIndex"), detail));
    }
    let restart = text(spec, &["template", "spec", "restartPolicy"]);
    template::any(&mut errors, &format!("{path}.template"), at(spec, &["template"]));
    match restart {
        "OnFailure" | "Never" => {}
        "" => errors
            .push(Error::required(format!("{path}.template.spec.restartPolicy"), "valid values: \"OnFailure\", \"Never\"")),
        other => {
            errors.push(Error::not_supported(format!("{path}.template.spec.restartPolicy"), other, &["OnFailure", "Never"]));
        }
    }
    if present("podFailurePolicy") {
        failure_policy(&mut errors, &format!("{path}.podFailurePolicy"), spec);
    }
    if present("successPolicy") {
        success_policy(&mut errors, &format!("{path}.successPolicy"), spec, indexed);
    }
    match (text(spec, &["podReplacementPolicy"]), present("podFailurePolicy")) {
        ("Failed" | "", _) | ("TerminatingOrFailed", false) => {}
        (other, true) => errors.push(Error::not_supported(format!("{path}.podReplacementPolicy"), other, &["Failed"])),
        (other, false) => {
            let supported = &["Failed", "TerminatingOrFailed"];
            errors.push(Error::not_supported(format!("{path}.podReplacementPolicy"), other, supported));
        }
    }
    errors
}

fn failure_policy(errors: &mut Vec<Error>, path: &str, spec: &Value) {
    let actions: &[&str] = &["Count", "FailIndex", "FailJob", "Ignore"];
    if text(spec, &["template", "spec", "restartPolicy"]) != "Never" {
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        let restart = text(spec, &["template", "spec", "restartPolicy"]);
        errors.push(Error::invalid("spec.template.spec.restartPolicy", restart, detail));
    }
    for (i, rule) in list(spec, &["podFailurePolicy", "rules"]).iter().enumerate() {
        let path = format!("{path}.rules[{i}]");
        match text(rule, &["action"]) {
            "" => errors.push(Error::required(
                format!("{path}.action"),
                "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]",
            )),
            "FailIndex" if at(spec, &["backoffLimitPerIndex"]).is_null() => {
                let detail = "requires the backoffLimitPerIndex to be set";
                errors.push(Error::invalid(format!("{path}.action"), "FailIndex", detail));
            }
            action if !actions.contains(&action) => {
                errors.push(Error::not_supported(format!("{path}.action"), action, actions))
            }
            _ => {}
        }
        let (codes, conditions) = (at(rule, &["onExitCodes"]), list(rule, &["onPodConditions"]));
        match (codes.is_null(), conditions.is_empty()) {
            (true, true) => errors.push(Error::invalid(
                path.as_str(),
                rule.clone(),
                "specifying one of OnExitCodes and OnPodConditions is required",
            )),
            (false, false) => errors.push(Error::invalid(
                path.as_str(),
                rule.clone(),
                "specifying both OnExitCodes and OnPodConditions is not supported",
            )),
            (false, true) => exit_codes(errors, &format!("{path}.onExitCodes"), codes),
            (true, false) => {}
        }
    }
}

fn exit_codes(errors: &mut Vec<Error>, path: &str, codes: &Value) {
    let values: Vec<i64> = list(codes, &["values"]).iter().filter_map(Value::as_i64).collect();
    let operator = text(codes, &["operator"]);
    match operator {
        "In" | "NotIn" => {}
        "" => errors.push(Error::required(format!("{path}.operator"), "valid values: [\"In\" \"NotIn\"]")),
        other => errors.push(Error::not_supported(format!("{path}.operator"), other, &["In", "NotIn"])),
    }
    if values.is_empty() {
        errors.push(Error::invalid(format!("{path}.values"), Value::Array(Vec::new()), "at least one value is required"));
    }
    for (i, value) in values.iter().enumerate() {
        if values[..i].contains(value) {
            errors.push(Error::duplicate(format!("{path}.values[{i}]"), *value));
        } else if *value == 0 && operator == "In" {
            errors.push(Error::invalid(format!("{path}.values[{i}]"), 0, "must not be 0 for the In operator"));
        } else if i > 0 && values[i - 1] > *value {
            errors.push(Error::invalid(format!("{path}.values"), values.clone(), "must be ordered"));
        }
    }
}

fn success_policy(errors: &mut Vec<Error>, path: &str, spec: &Value, indexed: bool) {
    let policy = at(spec, &["successPolicy"]);
    if !indexed {
        errors.push(Error::invalid(path, policy.clone(), "requires indexed completion mode"));
    }
    let rules = list(policy, &["rules"]);
    if rules.is_empty() {
        errors.push(Error::required(format!("{path}.rules"), "at least one rules must be specified in the successPolicy"));
    }
    for (i, rule) in rules.iter().enumerate() {
        let path = format!("{path}.rules[{i}]");
        let (count, indexes) = (at(rule, &["succeededCount"]), at(rule, &["succeededIndexes"]));
        if count.is_null() && indexes.is_null() {
            errors.push(Error::required(
                path.as_str(),
                "at least one of succeededCount or succeededIndexes must be specified",
            ));
        }
        not_negative(errors, format!("{path}.succeededCount"), count);
    }
}

pub(super) fn validate_update(new: &Value, old: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    let same = |errors: &mut Vec<Error>, name: &str| {
        immutable(errors, &format!("spec.{name}"), at(new, &["spec", name]), at(old, &["spec", name]));
    };
    let completions = |job: &Value| at(job, &["spec", "completions"]).clone();
    if completions(new) != completions(old) {
        // an indexed Job is elastic: both numbers together
        let together = completions(new) == *at(new, &["spec", "parallelism"]);
        if text(new, &["spec", "completionMode"]) != "Indexed" {
            same(&mut errors, "completions");
        } else if !together {
            let detail = "can only be modified in tandem with spec.parallelism";
            errors.push(Error::invalid("spec.completions", completions(new), detail));
        }
    }
    for name in ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        same(&mut errors, name);
    }
    // a suspended Job that never ran may still be placed
    let movable = at(old, &["spec", "suspend"]) == true && at(old, &["status", "startTime"]).is_null();
    let template = |job: &Value| {
        let mut template = at(job, &["spec", "template"]).clone();
        if movable {
            for name in ["labels", "annotations"] {
                template["metadata"][name] = Value::Null;
            }
            for name in ["nodeSelector", "tolerations", "affinity", "schedulingGates"] {
                template["spec"][name] = Value::Null;
            }
        }
        template
    };
    if template(new) != template(old) {
        errors.push(Error::invalid("spec.template", at(new, &["spec", "template"]).clone(), "field is immutable"));
    }
    errors
}
