//! Priority: a pod's class becomes its number; there is one default class at most.

use api::{Key, Status, kinds};
use serde_json::Value;

use super::{Attributes, Mutate, Operation, Plugin, State, Validate};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "Priority",
    concerns: |attributes| match attributes.operation {
        Operation::Create => attributes.is_for(&kinds::POD) || attributes.is_for(&kinds::PRIORITY_CLASS),
        Operation::Update => attributes.is_for(&kinds::PRIORITY_CLASS),
        Operation::Delete | Operation::Connect => false,
    },
    mutate: Mutate::Now(mutate),
    validate: Validate::Now(validate),
};

/// A class, as far as pods care.
#[derive(Clone, Debug)]
pub(super) struct Class {
    name: String,
    value: i64,
    policy: String,
}

/// The class of pods that name none: of several the least important, as upstream has it.
pub(super) fn default_class(classes: &store::Snapshot) -> Option<Class> {
    let defaults = classes.iter_from(None).map(|object| object.value()).filter(|class| class["globalDefault"] == true);
    defaults.map(|class| Class::of(&class)).min_by_key(|class| class.value)
}

impl Class {
    fn of(class: &Value) -> Self {
        Self {
            name: class["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            value: class["value"].as_i64().unwrap_or(0),
            policy: class["preemptionPolicy"].as_str().unwrap_or("PreemptLowerPriority").to_owned(),
        }
    }
}

fn mutate(attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
    if !attributes.is_for(&kinds::POD) {
        return Ok(());
    }
    let name = pod["spec"]["priorityClassName"].as_str().unwrap_or_default().to_owned();
    let class = if name.is_empty() {
        State::default_priority(attributes.app).as_ref().clone()
    } else {
        let found = attributes.app.store.get(&kinds::PRIORITY_CLASS, &Key::cluster(&name));
        let why = || format!("no PriorityClass with name {name} was found");
        Some(Class::of(&found.ok_or_else(|| attributes.forbidden(pod, &why()))?.value()))
    };
    let (value, policy) = class.as_ref().map_or((0, "PreemptLowerPriority"), |class| (class.value, class.policy.as_str()));
    let said = pod["spec"]["priority"].as_i64();
    if said.is_some_and(|said| said != value) {
        let why = format!(
            "the integer value of priority ({}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name",
            said.unwrap_or_default()
        );
        return Err(attributes.forbidden(pod, &why));
    }
    let said = pod["spec"]["preemptionPolicy"].as_str();
    if said.is_some_and(|said| said != policy) {
        let why = format!(
            "the string value of PreemptionPolicy ({}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name",
            said.unwrap_or_default()
        );
        return Err(attributes.forbidden(pod, &why));
    }
    let policy = policy.to_owned();
    if let Some(class) = &class {
        pod["spec"]["priorityClassName"] = class.name.as_str().into();
    }
    pod["spec"]["priority"] = value.into();
    pod["spec"]["preemptionPolicy"] = policy.into();
    Ok(())
}

fn validate(attributes: &Attributes<'_>, class: &Value) -> Result<(), Status> {
    if !attributes.is_for(&kinds::PRIORITY_CLASS) || class["globalDefault"] != true {
        return Ok(());
    }
    match State::default_priority(attributes.app).as_ref() {
        Some(default) if default.name != attributes.name(class) => {
            let why = format!("PriorityClass {} is already marked as default. Only one default can exist", default.name);
            Err(attributes.forbidden(class, &why))
        }
        _ => Ok(()),
    }
}
