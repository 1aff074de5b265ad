//! MutatingAdmissionWebhook and ValidatingAdmissionWebhook: others decide, over HTTP.

mod call;
mod hook;

use api::{Status, kind::Version};
use futures::{FutureExt, future::BoxFuture, future::join_all};
use serde_json::Value;

use super::{
    Attributes, Mutate, Plugin, State, Validate,
    matching::{in_version, row_of},
};
use crate::{
    handlers::{body, write},
    options::FieldValidation,
};
use call::{Failure, Invocation};
pub(super) use hook::{Hook, all};

pub(super) const MUTATING: Plugin = Plugin {
    name: "MutatingAdmissionWebhook",
    concerns: |attributes| attributes.is_configurable() && !State::mutating_webhooks(attributes.app).is_empty(),
    mutate: Mutate::Later(|attributes, value| mutate(attributes, value).boxed()),
    ..Plugin::NOTHING
};

pub(super) const VALIDATING: Plugin = Plugin {
    name: "ValidatingAdmissionWebhook",
    concerns: |attributes| attributes.is_configurable() && !State::validating_webhooks(attributes.app).is_empty(),
    validate: Validate::Later(validate),
    ..Plugin::NOTHING
};

/// One after the other, each on what the one before made of the object.
async fn mutate(attributes: &Attributes<'_>, value: &mut Value) -> Result<(), Status> {
    let hooks = State::mutating_webhooks(attributes.app);
    attributes.reinvocation.lock().begin(value);
    for hook in hooks.iter() {
        let Some(invocation) = Invocation::of(hook, attributes, value)? else { continue };
        if !attributes.reinvocation.lock().is_due(&hook.key) {
            continue;
        }
        let patch = match invocation.ask(true).await {
            Ok(patch) => patch,
            Err(failure) => failed(hook, failure).map(|()| None)?,
        };
        let changed = match patch {
            Some(patch) => apply(attributes, &invocation, value, &patch)?,
            None => false,
        };
        let mut reinvocation = attributes.reinvocation.lock();
        if changed {
            reinvocation.changed();
        }
        if hook.reinvoked {
            reinvocation.asked(&hook.key);
        }
    }
    attributes.reinvocation.lock().end(value);
    Ok(())
}

/// Changes the object as a webhook wants it: patched in the version that it was shown, pruned and defaulted again.
fn apply(
    attributes: &Attributes<'_>,
    invocation: &Invocation<'_>,
    value: &mut Value,
    patch: &Value,
) -> Result<bool, Status> {
    if value.is_null() {
        return Err(Status::internal(format!(
            "admission webhook {:?} attempted to modify the object, which is not supported for this operation",
            invocation.hook.name
        )));
    }
    let shown = in_version(attributes, invocation.version, value);
    let patched = api::patch::json(&shown, patch).map_err(|status| Status::internal(status.message))?;
    if patched == shown {
        return Ok(false);
    }
    accept(attributes, invocation.version, value, patched).map_err(|status| Status::internal(status.message))
}

/// Takes over what others made of the object in `version`: pruned, and defaulted again. Whether that changed anything.
pub(super) fn accept(
    attributes: &Attributes<'_>,
    version: &'static Version,
    value: &mut Value,
    mut patched: Value,
) -> Result<bool, Status> {
    if !attributes.has_own_body() {
        let row = row_of(attributes.row.kind, version);
        body::check_fields(row, FieldValidation::Ignore, &mut patched, Vec::new())?;
        write::to_hub(row, &mut patched);
        // The versions of a custom kind differ by name alone here.
        patched["apiVersion"] = attributes.row.kind.hub().api_version().into();
        attributes.row.kind.default(&mut patched);
    }
    let changed = patched != *value;
    *value = patched;
    Ok(changed)
}

/// All at once: none changes anything.
fn validate<'a>(attributes: &'a Attributes<'a>, value: &'a Value) -> BoxFuture<'a, Result<(), Status>> {
    async move {
        let hooks = State::validating_webhooks(attributes.app);
        let mut invocations = Vec::new();
        for hook in hooks.iter() {
            invocations.extend(Invocation::of(hook, attributes, value)?);
        }
        let answers = join_all(invocations.iter().map(|invocation| async move {
            let answer = invocation.ask(false).await;
            answer.map(drop).or_else(|failure| failed(invocation.hook, failure))
        }));
        // The first in order speaks for all.
        answers.await.into_iter().collect()
    }
    .boxed()
}

/// What a failure means for the request.
fn failed(hook: &Hook, failure: Failure) -> Result<(), Status> {
    match failure {
        Failure::Refused(status) => Err(status),
        Failure::Calling(why) => {
            let why = format!("failed calling webhook {:?}: {why}", hook.name);
            if !hook.fails_open {
                return Err(Status::internal(why));
            }
            tracing::warn!(webhook = hook.name, why, "a webhook cannot be asked, and its policy is to go on");
            Ok(())
        }
    }
}

/// What MutatingAdmissionWebhook remembers between its two rounds.
#[derive(Default)]
pub(crate) struct Reinvocation {
    second_round: bool,
    /// Something changed the object after others had seen it.
    wanted: bool,
    /// Asked before, and to be asked again after changes.
    asked: Vec<String>,
    due: Vec<String>,
    last: Option<Value>,
}

impl Reinvocation {
    /// Whether a second round is due; begins it.
    pub(super) fn again(&mut self) -> bool {
        self.second_round = self.wanted && !self.second_round;
        self.second_round
    }

    pub(super) fn changed(&mut self) {
        self.wanted = true;
        self.due.append(&mut self.asked);
    }

    pub(super) fn asked(&mut self, key: &str) {
        self.asked.push(key.to_owned());
    }

    /// Plugins that ran before in this round may have changed what webhooks saw.
    fn begin(&mut self, value: &Value) {
        if self.second_round && self.last.as_ref().is_some_and(|last| last != value) {
            self.due.append(&mut self.asked);
        }
    }

    fn end(&mut self, value: &Value) {
        if !self.second_round && self.wanted {
            self.last = Some(value.clone());
        }
    }

    pub(super) fn is_due(&self, key: &str) -> bool {
        !self.second_round || self.due.iter().any(|due| due == key)
    }
}
