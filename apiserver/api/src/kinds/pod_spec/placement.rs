//! Where a pod may run: tolerations, taints, affinity.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::label_selector,
        read::{at, integer, list, text},
    },
    names,
};

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(crate) fn tolerations(errors: &mut Vec<Error>, path: &str, tolerations: &[Value]) {
    for (i, toleration) in tolerations.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let field = |name: &str| text(toleration, &[name]);
        let (key, operator, value, effect) = (field("key"), field("operator"), field("value"), field("effect"));
        if !key.is_empty() {
            errors.extend(Error::each(&format!("{path}.key"), key, names::qualified(key)));
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(Error::invalid(format!("{path}.operator"), operator, detail));
        }
        if !at(toleration, &["tolerationSeconds"]).is_null() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(Error::invalid(format!("{path}.effect"), effect, detail));
        }
        match operator {
            "" | "Equal" => {
                let complaints = names::label_value(value);
                if !complaints.is_empty() {
                    errors.push(Error::invalid(format!("{path}.operator"), value, complaints.join(";")));
                }
            }
            "Exists" if !value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.push(Error::invalid(format!("{path}.operator"), value, detail));
            }
            "Exists" => {}
            other => errors.push(Error::not_supported(format!("{path}.operator"), other, &["Equal", "Exists"])),
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect) {
            errors.push(Error::not_supported(format!("{path}.effect"), effect, &EFFECTS));
        }
    }
}

/// Of a node; the path is upstream's.
pub(crate) fn taints(errors: &mut Vec<Error>, taints: &[Value]) {
    for (i, taint) in taints.iter().enumerate() {
        let path = format!("metadata.taints[{i}]");
        let (key, value, effect) = (text(taint, &["key"]), text(taint, &["value"]), text(taint, &["effect"]));
        errors.extend(Error::each(&format!("{path}.key"), key, names::qualified(key)));
        let complaints = names::label_value(value);
        if !complaints.is_empty() {
            errors.push(Error::invalid(format!("{path}.value"), value, complaints.join(";")));
        }
        crate::kinds::checks::one_of(errors, format!("{path}.effect"), effect, &EFFECTS);
        if taints[..i].iter().any(|other| other["key"] == taint["key"] && other["effect"] == taint["effect"]) {
            let mut error = Error::duplicate(path, taint.clone());
            error.detail = "taints must be unique by key and effect pair".into();
            errors.push(error);
        }
    }
}

/// How evenly pods are to be spread.
pub(super) fn spread(errors: &mut Vec<Error>, path: &str, constraints: &[Value]) {
    const POSITIVE: &str = "must be greater than zero";
    for (i, constraint) in constraints.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let (key, unsatisfiable) = (text(constraint, &["topologyKey"]), text(constraint, &["whenUnsatisfiable"]));
        let skew = integer(constraint, &["maxSkew"]);
        if skew <= 0 {
            errors.push(Error::invalid(format!("{path}.maxSkew"), skew, POSITIVE));
        }
        if key.is_empty() {
            errors.push(Error::required(format!("{path}.topologyKey"), "can not be empty"));
        } else {
            errors.extend(Error::each(&format!("{path}.topologyKey"), key, names::qualified(key)));
        }
        if !["DoNotSchedule", "ScheduleAnyway"].contains(&unsatisfiable) {
            let supported = ["DoNotSchedule", "ScheduleAnyway"];
            errors.push(Error::not_supported(format!("{path}.whenUnsatisfiable"), unsatisfiable, &supported));
        }
        let same = |other: &Value| other["topologyKey"] == key && other["whenUnsatisfiable"] == unsatisfiable;
        if constraints[i + 1..].iter().any(same) {
            let pair = format!("{{{key}, {unsatisfiable}}}");
            errors.push(Error::duplicate(format!("{path}.{{topologyKey, whenUnsatisfiable}}"), pair));
        }
        if let Some(least) = at(constraint, &["minDomains"]).as_i64() {
            if least <= 0 {
                errors.push(Error::invalid(format!("{path}.minDomains"), least, POSITIVE));
            }
            if unsatisfiable != "DoNotSchedule" {
                let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {unsatisfiable}");
                errors.push(Error::invalid(format!("{path}.minDomains"), least, detail));
            }
        }
        label_selector(errors, &format!("{path}.labelSelector"), at(constraint, &["labelSelector"]));
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn affinity(errors: &mut Vec<Error>, path: &str, affinity: &Value) {
    node_affinity(errors, &format!("{path}.nodeAffinity"), at(affinity, &["nodeAffinity"]));
    for name in ["podAffinity", "podAntiAffinity"] {
        let path = format!("{path}.{name}");
        for (i, term) in list(affinity, &[name, REQUIRED]).iter().enumerate() {
            pod_term(errors, &format!("{path}.{REQUIRED}[{i}]"), term);
        }
        for (i, preferred) in list(affinity, &[name, PREFERRED]).iter().enumerate() {
            let path = format!("{path}.{PREFERRED}[{i}]");
            weight(errors, &path, preferred);
            pod_term(errors, &format!("{path}.podAffinityTerm"), at(preferred, &["podAffinityTerm"]));
        }
    }
}

fn node_affinity(errors: &mut Vec<Error>, path: &str, affinity: &Value) {
    let required = at(affinity, &[REQUIRED]);
    if !required.is_null() {
        let path = format!("{path}.{REQUIRED}.nodeSelectorTerms");
        let terms = list(required, &["nodeSelectorTerms"]);
        if terms.is_empty() {
            errors.push(Error::required(path.clone(), "must have at least one node selector term"));
        }
        for (i, term) in terms.iter().enumerate() {
            node_term(errors, &format!("{path}[{i}]"), term);
        }
    }
    for (i, preferred) in list(affinity, &[PREFERRED]).iter().enumerate() {
        let path = format!("{path}.{PREFERRED}[{i}]");
        weight(errors, &path, preferred);
        node_term(errors, &format!("{path}.preference"), at(preferred, &["preference"]));
    }
}

fn weight(errors: &mut Vec<Error>, path: &str, preferred: &Value) {
    let weight = integer(preferred, &["weight"]);
    if !(1..=100).contains(&weight) {
        errors.push(Error::invalid(format!("{path}.weight"), weight, "must be in the range 1-100"));
    }
}

fn node_term(errors: &mut Vec<Error>, path: &str, term: &Value) {
    for (i, expression) in list(term, &["matchExpressions"]).iter().enumerate() {
        let path = format!("{path}.matchExpressions[{i}]");
        let count = list(expression, &["values"]).len();
        let values = format!("{path}.values");
        match text(expression, &["operator"]) {
            "In" | "NotIn" if count == 0 => {
                errors.push(Error::required(values, "must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(Error::forbidden(values, detail));
            }
            "Gt" | "Lt" if count != 1 => {
                errors.push(Error::required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => errors.push(Error::invalid(format!("{path}.operator"), other, "not a valid selector operator")),
        }
        let key = text(expression, &["key"]);
        errors.extend(Error::each(&format!("{path}.key"), key, names::qualified(key)));
    }
}

fn pod_term(errors: &mut Vec<Error>, path: &str, term: &Value) {
    label_selector(errors, &format!("{path}.labelSelector"), at(term, &["labelSelector"]));
    label_selector(errors, &format!("{path}.namespaceSelector"), at(term, &["namespaceSelector"]));
    let key = text(term, &["topologyKey"]);
    if key.is_empty() {
        errors.push(Error::required(format!("{path}.topologyKey"), "can not be empty"));
    }
    errors.extend(Error::each(&format!("{path}.topologyKey"), key, names::qualified(key)));
}
