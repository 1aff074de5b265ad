//! NamespaceLifecycle: nothing is created in a namespace that is missing or ends; some namespaces never end.

use api::{Key, Status, kinds, status::Cause};
use serde_json::Value;

use super::{Attributes, Operation, Plugin};

pub(super) const PLUGIN: Plugin = Plugin { name: "NamespaceLifecycle", mutate: |attributes, _| check(attributes), validate };

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

fn validate(attributes: &Attributes<'_>, _: &Value) -> Result<(), Status> {
    let name = attributes.info.name.as_str();
    if attributes.operation == Operation::Delete && attributes.is_for("namespaces") && IMMORTAL.contains(&name) {
        return Err(Status::forbidden(attributes.row.kind, name, "this namespace may not be deleted"));
    }
    Ok(())
}

fn check(attributes: &Attributes<'_>) -> Result<(), Status> {
    if attributes.operation != Operation::Create || !attributes.row.kind.namespaced {
        return Ok(());
    }
    let name = &attributes.info.namespace;
    let Some(namespace) = attributes.app.store.get(&kinds::NAMESPACE, &Key::cluster(name)) else {
        return Err(Status::not_found(&kinds::NAMESPACE, name));
    };
    // The phase is a selectable field: no need to decode the namespace for every create.
    let phase = kinds::NAMESPACE.fields.iter().position(|field| field.path == "status.phase");
    if phase.is_none_or(|at| &*namespace.meta.fields[at] != "Terminating") {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {name} because it is being terminated");
    let mut status = Status::forbidden(attributes.row.kind, &attributes.info.name, &why);
    if let Some(details) = &mut status.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {name} is being terminated"),
            field: "metadata.namespace".into(),
        });
    }
    Err(status)
}
