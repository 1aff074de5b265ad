//! Probes, and the handlers they share with lifecycle hooks.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::{none_negative, one_of, port},
        read::{at, integer, list, text},
    },
};

/// `path` ends with the probe's name.
pub(super) fn validate(errors: &mut Vec<Error>, path: &str, probe: &Value, grace: Option<i64>) {
    if probe.is_null() {
        return;
    }
    handler(errors, path, probe, grace);
    let counts = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
    none_negative(errors, path, probe, &counts);
    let own = at(probe, &["terminationGracePeriodSeconds"]);
    if own.as_i64().is_some_and(|seconds| seconds <= 0) {
        errors.push(Error::invalid(format!("{path}.terminationGracePeriodSeconds"), own.clone(), "must be greater than 0"));
    }
    if path.ends_with("readinessProbe") {
        if !own.is_null() {
            let detail = "must not be set for readinessProbes";
            errors.push(Error::invalid(format!("{path}.terminationGracePeriodSeconds"), own.clone(), detail));
        }
    } else if integer(probe, &["successThreshold"]) != 1 {
        let threshold = integer(probe, &["successThreshold"]);
        errors.push(Error::invalid(format!("{path}.successThreshold"), threshold, "must be 1"));
    }
}

/// Exactly one of the things that can be done to a container.
pub(super) fn handler(errors: &mut Vec<Error>, path: &str, handler: &Value, grace: Option<i64>) {
    let mut found = 0;
    for name in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let action = at(handler, &[name]);
        if action.is_null() {
            continue;
        }
        let path = format!("{path}.{name}");
        found += 1;
        if found > 1 {
            errors.push(Error::forbidden(path, "may not specify more than 1 handler type"));
        } else {
            self::action(errors, name, &path, action, grace);
        }
    }
    if found == 0 {
        errors.push(Error::required(path, "must specify a handler type"));
    }
}

fn action(errors: &mut Vec<Error>, name: &str, path: &str, action: &Value, grace: Option<i64>) {
    match name {
        "exec" if list(action, &["command"]).is_empty() => errors.push(Error::required(format!("{path}.command"), "")),
        "exec" => {}
        "httpGet" => http_get(errors, path, action),
        "sleep" => {
            let seconds = integer(action, &["seconds"]);
            if let Some(grace) = grace.filter(|grace| seconds < 0 || seconds > *grace) {
                let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                errors.push(Error::invalid(path, seconds, detail));
            }
        }
        _ => port(errors, format!("{path}.port"), at(action, &["port"])),
    }
}

fn http_get(errors: &mut Vec<Error>, path: &str, get: &Value) {
    if text(get, &["path"]).is_empty() {
        errors.push(Error::required(format!("{path}.path"), ""));
    }
    port(errors, format!("{path}.port"), at(get, &["port"]));
    one_of(errors, format!("{path}.scheme"), text(get, &["scheme"]), &["HTTP", "HTTPS"]);
    for header in list(get, &["httpHeaders"]) {
        let name = text(header, &["name"]);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            let detail = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            errors.push(Error::invalid(format!("{path}.httpHeaders"), name, detail));
        }
    }
}
