//! ValidatingAdmissionPolicy and MutatingAdmissionPolicy: what must hold of a write, and how it is changed, as expressions.

/// Changes, as expressions.
mod mutation;
/// Parameters of a binding.
mod params;
/// A policy with its bindings, parsed.
mod policy;
/// What a policy's expressions are evaluated in.
mod variables;

use api::{Status, cel::CelValue, kind::Version, status::Cause};
use serde_json::Value;

use super::{
    Attributes, Mutate, Plugin, State, Validate,
    expressions::{self, Conditions},
    matching::in_version,
};
pub(super) use mutation::mutate;
use params::Parameters;
use policy::{Action, Binding, Validation};
pub(super) use policy::{Policy, all};
use variables::Evaluation;

pub(super) const MUTATING: Plugin = Plugin {
    name: "MutatingAdmissionPolicy",
    concerns: |attributes| attributes.is_configurable() && !State::mutating_policies(attributes.app).is_empty(),
    mutate: Mutate::Now(mutate),
    ..Plugin::NOTHING
};

pub(super) const VALIDATING: Plugin = Plugin {
    name: "ValidatingAdmissionPolicy",
    concerns: |attributes| attributes.is_configurable() && !State::validating_policies(attributes.app).is_empty(),
    validate: Validate::Now(validate),
    ..Plugin::NOTHING
};

/// Why a policy denies.
struct Denial {
    message: String,
    reason: String,
}

impl Denial {
    fn invalid(message: String) -> Self {
        Self { message, reason: "Invalid".to_owned() }
    }
}

fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    let mut denied: Option<Status> = None;
    for policy in State::validating_policies(attributes.app).iter() {
        let Some(version) = policy.matcher.version(attributes, value)? else { continue };
        if let Some(why) = &policy.error {
            if !policy.fails_open {
                let words =
                    format!("ValidatingAdmissionPolicy '{}' denied request: failed to configure policy: {why}", policy.name);
                denied.get_or_insert_with(|| denial(attributes, value, &words, "Invalid"));
            }
            continue;
        }
        for binding in &policy.bindings {
            let denials = match ask(attributes, version, policy, binding, value) {
                Ok(denials) => denials,
                Err(_) if policy.fails_open => continue,
                // What was configured wrongly is no matter of the binding's actions.
                Err(why) => {
                    let words = words(policy, binding, &format!("failed to configure binding: {why}"));
                    denied.get_or_insert_with(|| denial(attributes, value, &words, "Invalid"));
                    continue;
                }
            };
            for Denial { message, reason } in denials {
                for action in &binding.actions {
                    match action {
                        Action::Deny => {
                            let words = words(policy, binding, &message);
                            denied.get_or_insert_with(|| denial(attributes, value, &words, &reason));
                        }
                        Action::Warn => attributes.warn(format!(
                            "Validation failed for ValidatingAdmissionPolicy '{}' with binding '{}': {message}",
                            policy.name, binding.name
                        )),
                        Action::Audit => {
                            tracing::debug!(policy = policy.name, binding = binding.name, message, "validation failure");
                        }
                    }
                }
            }
        }
    }
    denied.map_or(Ok(()), Err)
}

fn words(policy: &Policy, binding: &Binding, message: &str) -> String {
    format!("ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {message}", policy.name, binding.name)
}

fn denial(attributes: &Attributes<'_>, value: &Value, words: &str, reason: &str) -> Status {
    let mut status = attributes.forbidden(value, words);
    reason.clone_into(&mut status.reason);
    status.code = match reason {
        "Forbidden" => 403,
        "Unauthorized" => 401,
        "RequestEntityTooLarge" => 413,
        _ => 422,
    };
    if let Some(details) = &mut status.details {
        details.causes.push(Cause { message: words.to_owned(), ..Cause::default() });
    }
    status
}

/// What a binding has against the object, once for each of its parameters.
fn ask(
    attributes: &Attributes<'_>,
    version: &'static Version,
    policy: &Policy,
    binding: &Binding,
    value: &Value,
) -> Result<Vec<Denial>, String> {
    if !binding.covers(attributes, value)? {
        return Ok(Vec::new());
    }
    let object = in_version(attributes, version, value);
    let mut denials = Vec::new();
    for parameter in Parameters::of(attributes, policy, binding)? {
        let evaluation = Evaluation::new(attributes, version, policy, &object, &parameter);
        match expressions::conditions(evaluation.scope(), policy.conditions.iter()) {
            Conditions::Fail => continue,
            Conditions::Unknown(why) => {
                if !policy.fails_open {
                    denials.push(Denial::invalid(why.join(", ")));
                }
                continue;
            }
            Conditions::Hold => {}
        }
        denials.extend(policy.validations.iter().filter_map(|validation| judge(policy, validation, &evaluation)));
        denials.extend(annotate(policy, &evaluation));
    }
    Ok(denials)
}

fn judge(policy: &Policy, validation: &Validation, evaluation: &Evaluation) -> Option<Denial> {
    let failed = |why: String| (!policy.fails_open).then(|| Denial::invalid(why));
    match evaluation.evaluate(&validation.expression) {
        Ok(CelValue::Bool(true)) => None,
        Ok(CelValue::Bool(false)) => {
            Some(Denial { message: message(validation, evaluation), reason: validation.reason.clone() })
        }
        Ok(_) => failed(format!("expression '{}' resulted in error: no such overload", validation.text)),
        Err(why) => failed(format!("expression '{}' resulted in error: {why}", validation.text)),
    }
}

/// The longest message that an expression may make.
const LONGEST: usize = 5 * 1024;

fn message(validation: &Validation, evaluation: &Evaluation) -> String {
    let made = validation.message_expression.as_ref().and_then(|words| match evaluation.evaluate(words) {
        Ok(CelValue::String(words)) => Some(words.trim().to_owned()),
        Ok(_) => None,
        Err(why) => {
            tracing::debug!(why, "a message expression has no value");
            None
        }
    });
    made.filter(|words| !words.is_empty() && words.len() <= LONGEST && !words.contains('\n'))
        .or_else(|| Some(validation.message.trim().to_owned()).filter(|words| !words.is_empty()))
        .unwrap_or_else(|| format!("failed expression: {}", validation.text))
}

fn annotate(policy: &Policy, evaluation: &Evaluation) -> Vec<Denial> {
    let mut denials = Vec::new();
    for (key, text, expression) in &policy.annotations {
        let why = match evaluation.evaluate(expression) {
            Ok(CelValue::String(value)) => {
                tracing::debug!(key = format!("{}/{key}", policy.name), value = value.trim(), "audit annotation");
                continue;
            }
            Ok(CelValue::Null) => continue,
            Ok(other) => format!(
                "valueExpression '{text}' resulted in unsupported return type: {}. Return type must be either string or null.",
                other.type_of()
            ),
            Err(why) => format!("expression '{text}' resulted in error: {why}"),
        };
        if !policy.fails_open {
            denials.push(Denial::invalid(why));
        }
    }
    denials
}
