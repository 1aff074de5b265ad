//! PodSecurity: the standards that a namespace's labels ask its pods to keep.

/// What the standards say of a pod.
mod checks;
/// The labels of a namespace.
mod levels;

use api::{Key, Kind, Status, field, kinds, object::Labels};
use serde_json::Value;

use super::{Attributes, Operation, Plugin, Validate};
use levels::{Demand, Level, Mode};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "PodSecurity",
    concerns: |attributes| match attributes.operation {
        Operation::Create => template(attributes).is_some() || attributes.is_for(&kinds::NAMESPACE),
        Operation::Update if attributes.call.info.subresource == "ephemeralcontainers" => true,
        Operation::Update => template(attributes).is_some() || attributes.is_for(&kinds::NAMESPACE),
        Operation::Delete | Operation::Connect => false,
    },
    validate: Validate::Now(validate),
    ..Plugin::NOTHING
};

/// Where the spec of a pod is in the kinds that have one.
const TEMPLATES: [(&Kind, &str); 9] = [
    (&kinds::POD, "/spec"),
    (&kinds::REPLICATION_CONTROLLER, "/spec/template/spec"),
    (&kinds::POD_TEMPLATE, "/template/spec"),
    (&kinds::REPLICA_SET, "/spec/template/spec"),
    (&kinds::DEPLOYMENT, "/spec/template/spec"),
    (&kinds::STATEFUL_SET, "/spec/template/spec"),
    (&kinds::DAEMON_SET, "/spec/template/spec"),
    (&kinds::JOB, "/spec/template/spec"),
    (&kinds::CRON_JOB, "/spec/jobTemplate/spec/template/spec"),
];

fn template(attributes: &Attributes<'_>) -> Option<&'static str> {
    TEMPLATES.iter().find(|(kind, _)| attributes.is_for(kind)).map(|(_, at)| *at)
}

fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    if attributes.is_for(&kinds::NAMESPACE) {
        return namespace(attributes, value);
    }
    let Some(namespace) = attributes.app.store.get(&kinds::NAMESPACE, &Key::cluster(attributes.namespace())) else {
        return Ok(());
    };
    let labels = &namespace.meta.labels;
    if !levels::speak(labels) {
        return Ok(());
    }
    let is_pod = std::ptr::eq(attributes.row.kind, &kinds::POD);
    let at = if is_pod { "/spec" } else { template(attributes).unwrap_or("/spec") };
    let spec = |value: &Value| value.pointer(at).cloned().unwrap_or_default();
    let now = spec(value);
    // What was there already is not refused again.
    if attributes.old.is_some_and(|old| spec(old) == now) {
        return Ok(());
    }
    let demand = |mode| levels::demand(labels, mode);
    if is_pod {
        let demand = demand(Mode::Enforce);
        if let Some(why) = violations(&demand, &now) {
            return Err(attributes.forbidden(value, &format!("violates PodSecurity {:?}: {why}", demand.to_string())));
        }
    }
    let demand = demand(Mode::Warn);
    if let Some(why) = violations(&demand, &now) {
        attributes.warn(format!("would violate PodSecurity {:?}: {why}", demand.to_string()));
    }
    Ok(())
}

fn violations(demand: &Demand, spec: &Value) -> Option<String> {
    let said = checks::of(demand.level, spec);
    (!said.is_empty()).then(|| said.join(", "))
}

/// Labels that nobody understands are refused; a stricter level tells of the pods that would not be let in now.
fn namespace(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    let pairs = |value: &Value| -> Labels {
        let labels = value["metadata"]["labels"].as_object().into_iter().flatten();
        labels.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into())).collect()
    };
    let labels = pairs(value);
    let errors: Vec<field::Error> = levels::errors(&labels);
    let before = attributes.old.map(pairs);
    if !errors.is_empty() && before.as_ref().is_none_or(|before| levels::errors(before) != errors) {
        return Err(Status::invalid(attributes.row.kind, attributes.name(value), &errors));
    }
    let demand = levels::demand(&labels, Mode::Enforce);
    let was = before.as_ref().map(|before| levels::demand(before, Mode::Enforce));
    if demand.level == Level::Privileged || was.is_none_or(|was| was == demand) {
        return Ok(());
    }
    let pods = attributes.app.store.snapshot(&kinds::POD);
    let mut bad: Vec<(String, String)> = Vec::new();
    for pod in pods.namespace(attributes.name(value)) {
        let reasons = checks::of(demand.level, &pod.value()["spec"]);
        if !reasons.is_empty() {
            let short: Vec<&str> = reasons.iter().map(|reason| reason.split(" (").next().unwrap_or(reason)).collect();
            bad.push((pod.key().name.to_string(), short.join(", ")));
        }
    }
    if bad.is_empty() {
        return Ok(());
    }
    attributes.warn(format!(
        "existing pods in namespace {:?} violate the new PodSecurity enforce level {:?}",
        attributes.name(value),
        demand.to_string()
    ));
    let mut told: Vec<&String> = Vec::new();
    for (name, why) in &bad {
        if told.contains(&why) {
            continue;
        }
        told.push(why);
        let others = bad.iter().filter(|(_, other)| other == why).count() - 1;
        let more = match others {
            0 => String::new(),
            1 => " (and 1 other pod)".to_owned(),
            n => format!(" (and {n} other pods)"),
        };
        attributes.warn(format!("{name}{more}: {why}"));
    }
    Ok(())
}
