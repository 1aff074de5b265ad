//! What may change or refuse a write before it is stored: the list of plugins, in their order.
//!
//! Read in this order.

/// What is asked about: one write, or one connection.
mod attributes;
/// What plugins know of the cluster, parsed once per change.
mod state;

/// What expressions of webhooks and policies speak of.
mod expressions;
/// Which requests a webhook or a policy is about.
mod matching;
/// `AdmissionReview`: what a webhook is told, and what it answers.
mod review;

mod certificates;
mod default_ingress_class;
mod default_toleration_seconds;
mod limit_ranger;
mod namespace_lifecycle;
mod node_restriction;
mod pod_security;
mod policies;
mod priority;
mod quota;
mod role_escalation;
mod runtime_class;
mod service_account;
mod storage;
mod taint_nodes;
mod webhooks;

use api::Status;
use futures::future::BoxFuture;
use serde_json::Value;

pub(crate) use attributes::{Attributes, Operation};
pub(crate) use state::State;

use crate::{
    app::{App, Call, Row},
    handlers::delete::DeleteOptions,
};

/// One file and one row each. Both hooks see the hub version; the object of a DELETE is null, the old one says what goes.
struct Plugin {
    name: &'static str,
    /// Whether the request is any of its business. Looked at for every write: reads attributes and counters, no object.
    concerns: fn(&Attributes<'_>) -> bool,
    mutate: Mutate,
    validate: Validate,
}

/// Changes the object.
enum Mutate {
    Nothing,
    Now(fn(&Attributes<'_>, &mut Value) -> Result<(), Status>),
    Later(for<'a> fn(&'a Attributes<'a>, &'a mut Value) -> BoxFuture<'a, Result<(), Status>>),
}

/// Minds the object, or not.
enum Validate {
    Nothing,
    Now(fn(&Attributes<'_>, &Value) -> Result<(), Status>),
    Later(for<'a> fn(&'a Attributes<'a>, &'a Value) -> BoxFuture<'a, Result<(), Status>>),
}

impl Plugin {
    const NOTHING: Self = Self { name: "", concerns: |_| false, mutate: Mutate::Nothing, validate: Validate::Nothing };
}

/// Upstream's order.
const PLUGINS: &[Plugin] = &[
    namespace_lifecycle::PLUGIN,
    limit_ranger::PLUGIN,
    service_account::PLUGIN,
    node_restriction::PLUGIN,
    taint_nodes::PLUGIN,
    priority::PLUGIN,
    default_toleration_seconds::PLUGIN,
    storage::DEFAULT_CLASS,
    storage::IN_USE_PROTECTION,
    runtime_class::PLUGIN,
    pod_security::PLUGIN,
    default_ingress_class::PLUGIN,
    storage::RESIZE,
    policies::MUTATING,
    webhooks::MUTATING,
    policies::VALIDATING,
    webhooks::VALIDATING,
    certificates::PLUGIN,
    role_escalation::PLUGIN,
    // The last: what nobody refused is charged.
    quota::PLUGIN,
];

/// Lets every plugin change `value`; a second time, if a webhook or policy changed what others had seen.
pub(crate) async fn mutate(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    round(attributes, value).await?;
    if attributes.reinvocation.lock().again() {
        round(attributes, value).await?;
    }
    Ok(())
}

async fn round(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    for plugin in PLUGINS.iter().filter(|plugin| (plugin.concerns)(attributes)) {
        let done = match plugin.mutate {
            Mutate::Nothing => Ok(()),
            Mutate::Now(hook) => hook(attributes, value),
            Mutate::Later(hook) => hook(attributes, value).await,
        };
        done.inspect_err(|status| refused(plugin, status))?;
    }
    Ok(())
}

/// Asks every plugin whether it minds.
pub(crate) async fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    for plugin in PLUGINS.iter().filter(|plugin| (plugin.concerns)(attributes)) {
        let done = match plugin.validate {
            Validate::Nothing => Ok(()),
            Validate::Now(hook) => hook(attributes, value),
            Validate::Later(hook) => hook(attributes, value).await,
        };
        done.inspect_err(|status| refused(plugin, status))?;
    }
    Ok(())
}

/// Both, for what is not written as it is: a body that only asks for something.
pub(crate) async fn admit(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    mutate(attributes, value).await?;
    validate(attributes, value).await
}

/// Asks about the body of a subresource that is of another kind than its object: `Scale`, `Binding`, `Eviction`.
pub(crate) async fn subresource(
    app: &App,
    call: &Call,
    row: Row,
    old: Option<&Value>,
    value: &mut Value,
) -> Result<(), Status> {
    let operation = if old.is_some() { Operation::Update } else { Operation::Create };
    admit(&Attributes { old, ..Attributes::new(app, call, row, operation) }, value).await
}

/// Asks about the end of `old`.
pub(crate) async fn delete(app: &App, call: &Call, row: Row, old: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let attributes =
        Attributes { old: Some(old), delete: Some(options), ..Attributes::new(app, call, row, Operation::Delete) };
    // An eviction was asked about as what it is.
    if attributes.has_own_body() {
        return Ok(());
    }
    admit(&attributes, &mut Value::Null).await
}

/// Asks about a stream or request to a pod, a node or a service; what was asked for is in the query.
pub(crate) async fn connect(app: &App, call: &Call, row: Row) -> Result<(), Status> {
    let attributes = Attributes::new(app, call, row, Operation::Connect);
    let mut options = attributes.connect_options();
    admit(&attributes, &mut options).await
}

fn refused(plugin: &Plugin, status: &Status) {
    tracing::debug!(plugin = plugin.name, %status, "admission refused a write");
}
