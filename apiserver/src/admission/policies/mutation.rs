//! Changes, as expressions: a JSON patch, or what server-side apply would lay over the object.

use api::{
    Status,
    cel::{self, CelValue},
    kind::Version,
    managed::{self, Schema},
};
use serde_json::Value;

use super::{
    super::{
        Attributes, State,
        expressions::{self, Conditions},
        matching::in_version,
        webhooks::accept,
    },
    denial,
    params::Parameters,
    policy::{Binding, Mutation, Policy},
    variables::Evaluation,
};

/// One policy after the other, each on what the one before made of the object.
pub(in crate::admission) fn mutate(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    if value.is_null() {
        return Ok(());
    }
    for policy in State::mutating_policies(attributes.app).iter() {
        let Some(version) = policy.matcher.version(attributes, value)? else { continue };
        let key = format!("policy/{}", policy.name);
        if !attributes.reinvocation.lock().is_due(&key) {
            continue;
        }
        if let Some(why) = policy.error.as_ref().filter(|_| !policy.fails_open) {
            let words = format!("policy '{}' denied request: failed to configure policy: {why}", policy.name);
            return Err(denial(attributes, value, &words, "Invalid"));
        }
        let before = value.clone();
        for binding in policy.bindings.iter().filter(|_| policy.error.is_none()) {
            match bound(attributes, version, policy, binding, value) {
                Ok(()) => {}
                Err(_) if policy.fails_open => {}
                Err(why) => {
                    let words = format!("policy '{}' with binding '{}' denied request: {why}", policy.name, binding.name);
                    return Err(denial(attributes, value, &words, "Invalid"));
                }
            }
        }
        let mut reinvocation = attributes.reinvocation.lock();
        if before != *value {
            reinvocation.changed();
        }
        if policy.reinvoked {
            reinvocation.asked(&key);
        }
    }
    Ok(())
}

fn bound(
    attributes: &Attributes<'_>,
    version: &'static Version,
    policy: &Policy,
    binding: &Binding,
    value: &mut Value,
) -> Result<(), String> {
    if !binding.covers(attributes, value)? {
        return Ok(());
    }
    for parameter in Parameters::of(attributes, policy, binding)? {
        for (at, mutation) in policy.mutations.iter().enumerate() {
            let object = in_version(attributes, version, value);
            let evaluation = Evaluation::new(attributes, version, policy, &object, &parameter);
            if at == 0 {
                match expressions::conditions(evaluation.scope(), policy.conditions.iter()) {
                    Conditions::Hold => {}
                    Conditions::Fail => break,
                    Conditions::Unknown(why) => return Err(why.join(", ")),
                }
            }
            let failed = |why: String| format!("expression '{}' resulted in error: {why}", mutation.text);
            let made = evaluation.evaluate(&mutation.expression).map_err(failed)?;
            let patched = apply(attributes, version, mutation, &object, &made).map_err(failed)?;
            accept(attributes, version, value, patched).map_err(|status| failed(status.message))?;
        }
    }
    Ok(())
}

fn apply(
    attributes: &Attributes<'_>,
    version: &'static Version,
    mutation: &Mutation,
    object: &Value,
    made: &CelValue,
) -> Result<Value, String> {
    let made = cel::to_json(made);
    if mutation.is_patch {
        return api::patch::json(object, &made).map_err(|status| status.message);
    }
    if ["apiVersion", "kind"].iter().any(|name| !made[*name].is_null()) || made["metadata"]["name"].is_string() {
        return Err("apiVersion, kind and metadata.name may not be set in an apply configuration".to_owned());
    }
    let schema = match attributes.row.kind.type_in(version).filter(|_| !attributes.has_own_body()) {
        Some(schema) => Schema::Type(schema),
        None => Schema::Unknown,
    };
    managed::lay_over(schema, object, &made)
}
