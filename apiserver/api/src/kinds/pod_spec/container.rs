//! Containers of all three sorts.

use serde_json::Value;

use super::{env, mount, probe, resources, validate, volume::Volumes};
use crate::{
    field::Error,
    kinds::{
        checks::{named, one_of},
        read::{at, integer, list, text},
    },
    names,
};

/// Rules of a container, and exit codes of a rule, at most.
const MOST_RULES: usize = 20;
const MOST_CODES: usize = 255;
const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

pub(super) fn validate(errors: &mut Vec<Error>, path: &str, spec: &Value, volumes: &Volumes<'_>) {
    let grace = at(spec, &["terminationGracePeriodSeconds"]).as_i64();
    let (containers, init) = (list(spec, &["containers"]), list(spec, &["initContainers"]));
    if containers.is_empty() {
        errors.push(Error::required(format!("{path}.containers"), ""));
    }
    let mut names: Vec<&str> = Vec::new();
    for (i, container) in containers.iter().enumerate() {
        let path = format!("{path}.containers[{i}]");
        common(errors, &path, container, volumes);
        unique(errors, &path, container, &mut names);
        lifecycle(errors, &path, container, grace);
        restart(errors, &path, container);
    }
    host_ports(errors, &format!("{path}.containers"), containers);
    for (i, container) in init.iter().enumerate() {
        let at_path = format!("{path}.initContainers[{i}]");
        common(errors, &at_path, container, volumes);
        restartable(errors, &at_path, container, grace);
        unique(errors, &at_path, container, &mut names);
        host_ports(errors, &format!("{path}.initContainers"), std::slice::from_ref(container));
    }
    for (i, container) in list(spec, &["ephemeralContainers"]).iter().enumerate() {
        let path = format!("{path}.ephemeralContainers[{i}]");
        common(errors, &path, container, volumes);
        let target = text(container, &["targetContainerName"]);
        let known = containers.iter().chain(init).any(|other| other["name"] == target);
        unique(errors, &path, container, &mut names);
        if !target.is_empty() && !known {
            errors.push(Error::not_found(format!("{path}.targetContainerName"), target));
        }
        ephemeral(errors, &path, container);
    }
}

/// What no pod may have and a template may: blanks round the image's name.
pub(crate) fn validate_in_pod(errors: &mut Vec<Error>, spec: &Value) {
    for name in super::default::CONTAINERS {
        for (i, container) in list(spec, &[name]).iter().enumerate() {
            let image = text(container, &["image"]);
            if image.trim() != image {
                let detail = "must not have leading or trailing whitespace";
                errors.push(Error::invalid(format!("spec.{name}[{i}].image"), image, detail));
            }
        }
    }
}

fn unique<'a>(errors: &mut Vec<Error>, path: &str, container: &'a Value, names: &mut Vec<&'a str>) {
    let name = text(container, &["name"]);
    if names.contains(&name) {
        errors.push(Error::duplicate(format!("{path}.name"), name));
    } else if !name.is_empty() {
        names.push(name);
    }
}

fn common(errors: &mut Vec<Error>, path: &str, container: &Value, volumes: &Volumes<'_>) {
    validate::label_name(errors, format!("{path}.name"), container);
    named(errors, format!("{path}.image"), text(container, &["image"]), |_| Vec::new());
    let policy = text(container, &["terminationMessagePolicy"]);
    one_of(errors, format!("{path}.terminationMessagePolicy"), policy, &["File", "FallbackToLogsOnError"]);
    ports(errors, &format!("{path}.ports"), list(container, &["ports"]));
    env::variables(errors, &format!("{path}.env"), list(container, &["env"]));
    env::sources(errors, &format!("{path}.envFrom"), list(container, &["envFrom"]));
    mount::validate(errors, &format!("{path}.volumeMounts"), list(container, &["volumeMounts"]), volumes);
    let policy = text(container, &["imagePullPolicy"]);
    one_of(errors, format!("{path}.imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
    resources::validate(errors, &format!("{path}.resources"), at(container, &["resources"]));
    security(errors, &format!("{path}.securityContext"), at(container, &["securityContext"]));
}

fn ports(errors: &mut Vec<Error>, path: &str, ports: &[Value]) {
    let mut names: Vec<&str> = Vec::new();
    for (i, port) in ports.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let name = text(port, &["name"]);
        if !name.is_empty() {
            let complaints = names::port(name);
            if complaints.is_empty() && names.contains(&name) {
                errors.push(Error::duplicate(format!("{path}.name"), name));
            }
            errors.extend(Error::each(&format!("{path}.name"), name, complaints));
            names.push(name);
        }
        match integer(port, &["containerPort"]) {
            0 => errors.push(Error::required(format!("{path}.containerPort"), "")),
            number => errors.extend(Error::each(&format!("{path}.containerPort"), number, names::port_number(number))),
        }
        let host = integer(port, &["hostPort"]);
        if host != 0 {
            errors.extend(Error::each(&format!("{path}.hostPort"), host, names::port_number(host)));
        }
        one_of(errors, format!("{path}.protocol"), text(port, &["protocol"]), &["SCTP", "TCP", "UDP"]);
    }
}

/// No two containers share a port of the node.
fn host_ports(errors: &mut Vec<Error>, path: &str, containers: &[Value]) {
    let mut taken = Vec::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in list(container, &["ports"]).iter().enumerate() {
            let number = integer(port, &["hostPort"]);
            if number == 0 {
                continue;
            }
            let claim = format!("{}/{}/{number}", text(port, &["protocol"]), text(port, &["hostIP"]));
            if taken.contains(&claim) {
                errors.push(Error::duplicate(format!("{path}[{i}].ports[{j}].hostPort"), claim));
            } else {
                taken.push(claim);
            }
        }
    }
}

fn lifecycle(errors: &mut Vec<Error>, path: &str, container: &Value, grace: Option<i64>) {
    for hook in ["postStart", "preStop"] {
        let handler = at(container, &["lifecycle", hook]);
        if !handler.is_null() {
            probe::handler(errors, &format!("{path}.lifecycle.{hook}"), handler, grace);
        }
    }
    for name in PROBES {
        probe::validate(errors, &format!("{path}.{name}"), at(container, &[name]), grace);
    }
}

/// Only init containers that stay (sidecars) can be probed.
fn restartable(errors: &mut Vec<Error>, path: &str, container: &Value, grace: Option<i64>) {
    restart(errors, path, container);
    let policy = text(container, &["restartPolicy"]);
    if policy == "Always" {
        return lifecycle(errors, path, container, grace);
    }
    for name in ["lifecycle"].iter().chain(&PROBES) {
        if !at(container, &[name]).is_null() {
            let detail = "may not be set for init containers without restartPolicy=Always";
            errors.push(Error::forbidden(format!("{path}.{name}"), detail));
        }
    }
}

/// A container's own policy, and the exit codes that go before it.
fn restart(errors: &mut Vec<Error>, path: &str, container: &Value) {
    let (policy, rules) = (at(container, &["restartPolicy"]), list(container, &["restartPolicyRules"]));
    let field = format!("{path}.restartPolicy");
    if policy.is_null() {
        if !rules.is_empty() {
            errors.push(Error::required(field, "must specify restartPolicy when restart rules are used"));
        }
    } else {
        const POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
        let policy = policy.as_str().unwrap_or_default();
        if !POLICIES.contains(&policy) {
            errors.push(Error::not_supported(field, policy, &POLICIES));
        }
    }
    let path = format!("{path}.restartPolicyRules");
    if rules.len() > MOST_RULES {
        errors.push(Error::too_many(path.clone(), rules.len(), MOST_RULES));
    }
    for (i, rule) in rules.iter().enumerate() {
        let path = format!("{path}[{i}]");
        one_of(errors, format!("{path}.action"), text(rule, &["action"]), &["Restart"]);
        if at(rule, &["exitCodes"]).is_null() {
            errors.push(Error::required(format!("{path}.exitCodes"), "must be specified"));
            continue;
        }
        one_of(errors, format!("{path}.exitCodes.operator"), text(rule, &["exitCodes", "operator"]), &["In", "NotIn"]);
        let values = list(rule, &["exitCodes", "values"]).len();
        if values > MOST_CODES {
            errors.push(Error::too_many(format!("{path}.exitCodes.values"), values, MOST_CODES));
        }
    }
}

/// Nobody may come to rely on a container that was added to look around.
fn ephemeral(errors: &mut Vec<Error>, path: &str, container: &Value) {
    const REFUSED: &str = "cannot be set for an Ephemeral Container";
    for name in ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
        if !at(container, &[name]).is_null() {
            errors.push(Error::forbidden(format!("{path}.{name}"), REFUSED));
        }
    }
    for name in ["limits", "requests"] {
        if !at(container, &["resources", name]).is_null() {
            errors.push(Error::forbidden(format!("{path}.resources"), REFUSED));
        }
    }
}

fn security(errors: &mut Vec<Error>, path: &str, context: &Value) {
    validate::ids(errors, path, context);
    if at(context, &["privileged"]) == true && at(context, &["allowPrivilegeEscalation"]) == false {
        let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        errors.push(Error::invalid(path, context.clone(), detail));
    }
}
