//! Ingress: which HTTP host and path leads to which Service.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::{named, optional},
        columns::{or_none, some},
        read::{at, list, text},
        status,
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "Ingress",
    plural: "ingresses",
    short_names: &["ing"],
    versions: &[Version::hub("networking.k8s.io", "v1", "io.k8s.api.networking.v1.Ingress")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Class", |ingress| or_none(text(ingress, &["spec", "ingressClassName"]))),
        Column::text("Hosts", |ingress| {
            let hosts = list(ingress, &["spec", "rules"]).iter().map(|rule| text(rule, &["host"]).to_owned());
            let hosts: Vec<String> = hosts.filter(|host| !host.is_empty()).collect();
            if hosts.is_empty() { "*".into() } else { some(&hosts).into() }
        }),
        Column::text("Address", |ingress| {
            let points = list(ingress, &["status", "loadBalancer", "ingress"]).iter();
            let shown = |point: &Value| match text(point, &["ip"]) {
                "" => text(point, &["hostname"]).to_owned(),
                ip => ip.to_owned(),
            };
            points.map(shown).collect::<Vec<_>>().join(",").into()
        }),
        Column::text(
            "Ports",
            |ingress| {
                if list(ingress, &["spec", "tls"]).is_empty() { "80".into() } else { "80, 443".into() }
            },
        ),
        Column::AGE,
    ],
    generation: Generation::Counted,
    prepare_create: |ingress| status::reset(ingress, serde_json::json!({"loadBalancer": {}})),
    prepare_update: status::keep,
    validate,
    ..Kind::NAMESPACED
};

/// pkg/apis/networking/validation/validation.go
fn validate(ingress: &Value) -> Vec<Error> {
    let spec = at(ingress, &["spec"]);
    let (rules, default) = (list(spec, &["rules"]), at(spec, &["defaultBackend"]));
    let mut errors = Vec::new();
    if rules.is_empty() && default.is_null() {
        errors.push(Error::invalid(
            "spec",
            at(spec, &["rules"]).clone(),
            "either `defaultBackend` or `rules` must be specified",
        ));
    }
    if !default.is_null() {
        backend(&mut errors, "spec.defaultBackend", default);
    }
    for (i, rule) in rules.iter().enumerate() {
        let path = format!("spec.rules[{i}]");
        let host = text(rule, &["host"]);
        if host.parse::<std::net::IpAddr>().is_ok() {
            errors.push(Error::invalid(format!("{path}.host"), host, "must be a DNS name, not an IP address"));
        } else if let Some(rest) = host.strip_prefix("*.") {
            optional(&mut errors, format!("{path}.host"), rest, names::dns_subdomain);
        } else {
            optional(&mut errors, format!("{path}.host"), host, names::dns_subdomain);
        }
        let http = at(rule, &["http"]);
        if !http.is_null() {
            paths(&mut errors, &format!("{path}.http.paths"), list(http, &["paths"]));
        }
    }
    for (i, tls) in list(spec, &["tls"]).iter().enumerate() {
        for (j, host) in list(tls, &["hosts"]).iter().filter_map(Value::as_str).enumerate() {
            let plain = host.strip_prefix("*.").unwrap_or(host);
            errors.extend(Error::each(&format!("spec.tls[{i}].hosts[{j}]"), host, names::dns_subdomain(plain)));
        }
    }
    optional(&mut errors, "spec.ingressClassName".into(), text(spec, &["ingressClassName"]), names::dns_subdomain);
    errors
}

fn paths(errors: &mut Vec<Error>, path: &str, paths: &[Value]) {
    const TYPES: &[&str] = &["Exact", "ImplementationSpecific", "Prefix"];
    if paths.is_empty() {
        errors.push(Error::required(path, ""));
    }
    for (i, rule) in paths.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let (kind, way) = (text(rule, &["pathType"]), text(rule, &["path"]));
        match kind {
            "" => errors.push(Error::required(format!("{path}.pathType"), "pathType must be specified")),
            "Exact" | "Prefix" => {
                if !way.starts_with('/') {
                    errors.push(Error::invalid(format!("{path}.path"), way, "must be an absolute path"));
                }
                for bad in ["//", "/./", "/../", "%2f", "%2F"].iter().filter(|bad| way.contains(*bad)) {
                    errors.push(Error::invalid(format!("{path}.path"), way, format!("must not contain '{bad}'")));
                }
                for bad in ["/..", "/."].iter().filter(|bad| way.ends_with(*bad)) {
                    errors.push(Error::invalid(format!("{path}.path"), way, format!("cannot end with '{bad}'")));
                }
            }
            "ImplementationSpecific" => {
                if !way.is_empty() && !way.starts_with('/') {
                    errors.push(Error::invalid(format!("{path}.path"), way, "must be an absolute path"));
                }
            }
            other => errors.push(Error::not_supported(format!("{path}.pathType"), other, TYPES)),
        }
        backend(errors, &format!("{path}.backend"), at(rule, &["backend"]));
    }
}

fn backend(errors: &mut Vec<Error>, path: &str, backend: &Value) {
    let (service, resource) = (at(backend, &["service"]), at(backend, &["resource"]));
    match (service.is_null(), resource.is_null()) {
        (false, false) => {
            return errors.push(Error::invalid(path, "", "cannot set both resource and service backends"));
        }
        (true, true) => return errors.push(Error::required(path, "must specify either resource or service")),
        (true, false) => return,
        (false, true) => {}
    }
    named(errors, format!("{path}.service.name"), text(service, &["name"]), names::dns_label_1035);
    let port = at(service, &["port"]);
    match (text(port, &["name"]), at(port, &["number"]).as_i64().unwrap_or_default()) {
        ("", 0) => errors.push(Error::required(format!("{path}.service.port"), "port name or number is required")),
        ("", number) => {
            errors.extend(Error::each(&format!("{path}.service.port.number"), number, names::port_number(number)))
        }
        (name, 0) => errors.extend(Error::each(&format!("{path}.service.port.name"), name, names::port(name))),
        _ => errors.push(Error::invalid(format!("{path}.service.port"), "", "cannot set both port name & port number")),
    }
}
