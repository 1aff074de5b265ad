//! NamespaceLifecycle: nothing is created in a namespace that is missing or ends; some namespaces never end.

use api::{Key, Status, kinds, status::Cause};
use serde_json::Value;

use super::{Attributes, Mutate, Operation, Plugin};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "NamespaceLifecycle",
    concerns: |attributes| match attributes.operation {
        Operation::Create => attributes.row.kind.namespaced,
        Operation::Delete => attributes.is_for(&kinds::NAMESPACE),
        Operation::Update | Operation::Connect => false,
    },
    mutate: Mutate::Now(check),
    ..Plugin::NOTHING
};

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

fn check(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    let name = attributes.name(value);
    if attributes.operation == Operation::Delete {
        let immortal = IMMORTAL.contains(&name);
        return if immortal { Err(attributes.forbidden(value, "this namespace may not be deleted")) } else { Ok(()) };
    }
    let namespace = attributes.namespace();
    let Some(object) = attributes.app.store.get(&kinds::NAMESPACE, &Key::cluster(namespace)) else {
        return Err(Status::not_found(&kinds::NAMESPACE, namespace));
    };
    // The phase is a selectable field: no need to decode the namespace for every create.
    let phase = kinds::NAMESPACE.fields.iter().position(|field| field.path == "status.phase");
    if phase.is_none_or(|at| &*object.meta.fields[at] != "Terminating") {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(attributes.row.kind, name, &why);
    if let Some(details) = &mut status.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".into(),
        });
    }
    Err(status)
}
