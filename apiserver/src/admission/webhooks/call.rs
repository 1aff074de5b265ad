//! One question to one webhook.

use api::{Status, kind::Version};
use serde_json::Value;

use super::{
    super::{
        Attributes,
        expressions::{self, Conditions},
        matching::in_version,
        review::{self, Answer},
    },
    Hook,
};
use crate::app;

/// A webhook that is to be asked, about the object in a version.
pub(super) struct Invocation<'a> {
    pub(super) hook: &'a Hook,
    pub(super) version: &'static Version,
    attributes: &'a Attributes<'a>,
    object: Value,
}

/// Why there is no answer that lets the request pass.
pub(super) enum Failure {
    /// The webhook said no, or the request may not be shown to it.
    Refused(Status),
    /// Nobody knows what the webhook would say.
    Calling(String),
}

impl<'a> Invocation<'a> {
    /// The question, if the request is any of the webhook's business.
    pub(super) fn of(hook: &'a Hook, attributes: &'a Attributes<'a>, value: &Value) -> Result<Option<Self>, Status> {
        let Some(version) = hook.matcher.version(attributes, value)? else { return Ok(None) };
        let object = in_version(attributes, version, value);
        let unknown = match &hook.conditions {
            Ok(conditions) if conditions.is_empty() => return Ok(Some(Self { hook, version, attributes, object })),
            Ok(conditions) => {
                let old = attributes.old.map_or(Value::Null, |old| in_version(attributes, version, old));
                let scope = expressions::scope(attributes, version, &object, &old);
                match expressions::conditions(&scope, conditions.iter()) {
                    Conditions::Hold => return Ok(Some(Self { hook, version, attributes, object })),
                    Conditions::Fail => return Ok(None),
                    Conditions::Unknown(why) if why.len() == 1 => why[0].clone(),
                    Conditions::Unknown(why) => format!("[{}]", why.join(", ")),
                }
            }
            Err(why) => why.clone(),
        };
        if hook.fails_open { Ok(None) } else { Err(attributes.forbidden(value, &unknown)) }
    }

    /// Asks; the answer is the patch, if there is one.
    pub(super) async fn ask(&self, mutating: bool) -> Result<Option<Value>, Failure> {
        let (hook, attributes) = (self.hook, self.attributes);
        if attributes.dry_run() && !hook.dry_runs {
            let why = format!("admission webhook {:?} does not support dry run", hook.name);
            return Err(Failure::Refused(Status::bad_request(why)));
        }
        let uid = app::uuid().hyphenated().to_string();
        let request = review::request(attributes, self.version, &uid, &self.object);
        let body = review::body(hook.review_version, request);
        let answered = attributes.app.webhooks.call(&hook.client_config, body, hook.timeout).await;
        let bytes = answered.map_err(|why| Failure::Calling(format!("failed to call webhook: {why}")))?;
        let answer = Answer::read(&bytes, hook.review_version, &uid, mutating)
            .map_err(|why| Failure::Calling(format!("received invalid webhook response: {why}")))?;
        for warning in &answer.warnings {
            attributes.warn(warning.clone());
        }
        for (key, value) in answer.annotations.as_object().into_iter().flatten() {
            tracing::debug!(key = format!("{}/{key}", hook.name), %value, "audit annotation");
        }
        if answer.allowed { Ok(answer.patch) } else { Err(Failure::Refused(answer.refusal(&hook.name))) }
    }
}
