//! What is allowed in a pod's spec and yet hardly meant; sent as `Warning:` headers.

use serde_json::Value;

use super::default::CONTAINERS;
use crate::{
    kinds::read::{at, integer, list, text},
    quantity::Quantity,
};

/// `path` is where the spec is: `spec` in a Pod, `spec.template.spec` elsewhere.
pub(crate) fn of(path: &str, spec: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    for (i, constraint) in list(spec, &["topologySpreadConstraints"]).iter().enumerate() {
        if at(constraint, &["labelSelector"]).is_null() {
            let path = format!("{path}.topologySpreadConstraints[{i}].labelSelector");
            warnings.push(format!("{path}: a null labelSelector results in matching no pod"));
        }
    }
    repeated(&mut warnings, path, spec, "hostAliases", "ip");
    repeated(&mut warnings, path, spec, "imagePullSecrets", "name");
    for sort in CONTAINERS {
        for (i, container) in list(spec, &[sort]).iter().enumerate() {
            let path = format!("{path}.{sort}[{i}]");
            fractions(&mut warnings, &path, container);
            hidden_variables(&mut warnings, &path, list(container, &["env"]));
        }
    }
    ports(&mut warnings, path, spec);
    if integer(spec, &["terminationGracePeriodSeconds"]) < 0 {
        let path = format!("{path}.terminationGracePeriodSeconds");
        warnings.push(format!("{path}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    warnings
}

fn repeated(warnings: &mut Vec<String>, path: &str, spec: &Value, name: &str, key: &str) {
    let items = list(spec, &[name]);
    for (i, item) in items.iter().enumerate().filter(|(i, item)| items[..*i].iter().any(|o| o[key] == item[key])) {
        warnings.push(format!("{path}.{name}[{i}].{key}: duplicate {key} {:?}", text(item, &[key])));
    }
}

/// There is no part of a byte.
fn fractions(warnings: &mut Vec<String>, path: &str, container: &Value) {
    for name in ["memory", "ephemeral-storage"] {
        for which in ["limits", "requests"] {
            let amount = text(container, &["resources", which, name]);
            if Quantity::parse(amount).is_ok_and(|amount| !amount.is_whole()) {
                let path = format!("{path}.resources.{which}[{name}]");
                warnings.push(format!("{path}: fractional byte value {amount:?} is invalid, must be an integer"));
            }
        }
    }
}

/// A variable said twice is fine when the second builds on the first.
fn hidden_variables(warnings: &mut Vec<String>, path: &str, variables: &[Value]) {
    for (i, variable) in variables.iter().enumerate() {
        let (name, value) = (text(variable, &["name"]), text(variable, &["value"]));
        let reference = format!("$({name})");
        let builds_on = at(variable, &["valueFrom"]).is_null() && value != reference && value.contains(&reference);
        if !builds_on && variables[..i].iter().any(|earlier| earlier["name"] == name) {
            let what = format!("hides previous definition of {name:?}, which may be dropped when using apply");
            warnings.push(format!("{path}.env[{i}]: {what}"));
        }
    }
}

fn ports(warnings: &mut Vec<String>, path: &str, spec: &Value) {
    let mut seen: Vec<(String, &Value)> = Vec::new();
    for sort in CONTAINERS {
        for (i, container) in list(spec, &[sort]).iter().enumerate() {
            for (j, port) in list(container, &["ports"]).iter().enumerate() {
                let own = format!("{path}.{sort}[{i}].ports[{j}]");
                let same = |other: &Value, names: &[&str]| names.iter().all(|name| at(other, &[name]) == at(port, &[name]));
                let hosted = |port: &Value| integer(port, &["hostPort"]) != 0;
                for (other_path, other) in seen.iter().filter(|(_, other)| same(other, &["containerPort", "protocol"])) {
                    if same(other, &["hostIP", "hostPort"]) {
                        warnings.push(format!("{own}: duplicate port definition with {other_path}"));
                    } else if !hosted(port) || !hosted(other) {
                        warnings.push(format!("{own}: overlapping port definition with {other_path}"));
                    }
                }
                seen.push((own, port));
            }
        }
    }
}
