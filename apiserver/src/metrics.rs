//! How the server fares: `/metrics` in the Prometheus text format, under upstream's names.

use std::time::Duration;

use axum::body::Body;
use http::{Response, StatusCode};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::{request_info::RequestInfo, response};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    verb: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    scope: &'static str,
    component: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Counted {
    verb: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    scope: &'static str,
    component: &'static str,
    code: u16,
}

pub(crate) struct Metrics {
    registry: Registry,
    total: Family<Counted, Counter>,
    duration: Family<Labels, Histogram, fn() -> Histogram>,
    running: Gauge,
}

/// Buckets of durations.
const SECONDS: [f64; 11] = [0.001, 0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

/// A request that is being served.
pub(crate) struct Measured {
    labels: Labels,
    running: Gauge,
}

impl Drop for Measured {
    /// Also for a request whose client went away in the middle.
    fn drop(&mut self) {
        self.running.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let total = Family::default();
        let duration: Family<Labels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(SECONDS));
        let running = Gauge::default();
        let mut registry = Registry::default();
        // The encoder appends `_total`.
        registry.register("apiserver_request", "Requests by verb, resource and code", total.clone());
        registry.register("apiserver_request_duration_seconds", "Time until the answer began", duration.clone());
        registry.register("apiserver_current_inflight_requests", "Requests being answered", running.clone());
        Self { registry, total, duration, running }
    }
}

impl Metrics {
    pub(crate) fn begin(&self, info: &RequestInfo) -> Measured {
        self.running.inc();
        let scope = match (info.is_resource(), info.name.is_empty(), info.within) {
            (false, ..) => "",
            (true, false, _) => "resource",
            (true, true, true) => "namespace",
            (true, true, false) => "cluster",
        };
        let labels = Labels {
            verb: info.verb,
            group: info.group.clone(),
            version: info.version.clone(),
            resource: info.resource.clone(),
            subresource: info.subresource.clone(),
            scope,
            component: "apiserver",
        };
        Measured { labels, running: self.running.clone() }
    }

    pub(crate) fn end(&self, measured: Measured, code: StatusCode, took: Duration) {
        // Names that do not exist must not become series: anybody could make any number of them.
        if code == StatusCode::NOT_FOUND || code == StatusCode::FORBIDDEN || code == StatusCode::UNAUTHORIZED {
            return;
        }
        let labels = &measured.labels;
        self.duration.get_or_create(labels).observe(took.as_secs_f64());
        let Labels { verb, group, version, resource, subresource, scope, component } = labels.clone();
        let counted = Counted { verb, group, version, resource, subresource, scope, component, code: code.as_u16() };
        self.total.get_or_create(&counted).inc();
    }

    pub(crate) fn serve(&self) -> Response<Body> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("writing to memory cannot fail");
        response::bytes(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", out)
    }
}
