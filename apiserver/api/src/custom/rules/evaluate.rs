//! Rules against values, in upstream's words.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Rule,
    cost::{self, CALL_LIMIT, OBJECT_LIMIT},
    value,
};
use crate::{
    cel::{CelValue, Scope, cel::objects::OptionalValue},
    custom::schema::{Schema, Types},
    field::Error,
};

/// Complaints of all rules about an object; `old` is what it was.
pub(in crate::custom) fn evaluate(schema: &Schema, value: &Value, old: Option<&Value>) -> Vec<Error> {
    if !schema.has_rules {
        return Vec::new();
    }
    let mut evaluation = Evaluation { errors: Vec::new(), left: OBJECT_LIMIT };
    evaluation.walk(schema, value, old, "", true);
    evaluation.errors
}

struct Evaluation {
    errors: Vec<Error>,
    /// What may still be spent on this object.
    left: f64,
}

impl Evaluation {
    fn walk(&mut self, schema: &Schema, value: &Value, old: Option<&Value>, path: &str, whole: bool) {
        if !schema.has_rules || value.is_null() || self.left < 0.0 {
            return;
        }
        self.rules(schema, value, old, path, whole || schema.embedded);
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if let Some(below) = schema.properties.get(name).or(schema.additional()) {
                        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                        self.walk(below, value, old.and_then(|old| old.get(name)), &path, false);
                    }
                }
            }
            Value::Array(items) => {
                let Some(below) = &schema.items else { return };
                for (at, item) in items.iter().enumerate() {
                    self.walk(below, item, schema.partner(item, old), &format!("{path}[{at}]"), false);
                }
            }
            _ => {}
        }
    }

    fn rules(&mut self, schema: &Schema, value: &Value, old: Option<&Value>, path: &str, whole: bool) {
        let unchanged = old == Some(value);
        let due = |rule: &&Rule| match (rule.compares, old.is_some()) {
            (true, there) => there || rule.optional_old_self,
            // what did not change is not complained of
            (false, _) => !unchanged,
        };
        let due: Vec<&Rule> = schema.rules.iter().filter(due).collect();
        if due.is_empty() {
            return;
        }
        let mut scope = Scope::default();
        scope.set_value("self", value::of(schema, value, whole));
        for rule in due {
            let Ok(expression) = &rule.expression else { continue };
            match (rule.optional_old_self, old.map(|old| value::of(schema, old, whole))) {
                (true, None) => scope.set_value("oldSelf", CelValue::Opaque(Arc::new(OptionalValue::none()))),
                (true, Some(old)) => scope.set_value("oldSelf", CelValue::Opaque(Arc::new(OptionalValue::of(old)))),
                (false, Some(old)) => scope.set_value("oldSelf", old),
                (false, None) => {}
            }
            let complain = |why: String| Error::invalid(shown(path), kind(schema), why);
            let cost = cost::estimate(expression.tree(), schema, Some(value));
            if cost > CALL_LIMIT {
                self.errors.push(complain(format!("call cost exceeds limit for rule: {}", rule.name())));
                self.left = -1.0;
                return;
            }
            self.left -= cost;
            if self.left < 0.0 {
                let why = "validation failed due to running out of cost budget, no further validation rules will be run";
                self.errors.push(complain(why.to_owned()));
                return;
            }
            match scope.holds(expression) {
                Ok(true) => {}
                Ok(false) => self.errors.push(broken(rule, &scope, schema, value, path)),
                Err(why) => self.errors.push(complain(format!("{why} evaluating rule: {}", rule.name()))),
            }
        }
    }
}

impl Rule {
    /// How complaints call it.
    fn name(&self) -> &str {
        if self.message.is_empty() { &self.text } else { &self.message }
    }
}

fn broken(rule: &Rule, scope: &Scope, schema: &Schema, value: &Value, path: &str) -> Error {
    let said = rule.said.as_ref().and_then(|said| said.as_ref().ok()).and_then(|said| scope.evaluate(said).ok());
    let detail = match (said, rule.message.as_str()) {
        (Some(CelValue::String(text)), _) if !text.trim().is_empty() && !text.contains(['\n', '\r']) => text.to_string(),
        (_, "") => format!("failed rule: {}", rule.text),
        (_, message) => message.to_owned(),
    };
    let path = match rule.field_path.as_str() {
        "" => shown(path),
        below => format!("{path}{below}").trim_start_matches('.').to_owned(),
    };
    match rule.reason.as_str() {
        "FieldValueForbidden" => Error::forbidden(path, detail),
        "FieldValueRequired" => Error::required(path, detail),
        "FieldValueDuplicate" => Error::duplicate(path, value.clone()),
        _ => Error::invalid(path, kind(schema), detail),
    }
}

/// The root has no name of its own.
fn shown(path: &str) -> String {
    if path.is_empty() { "<nil>".to_owned() } else { path.to_owned() }
}

fn kind(schema: &Schema) -> &'static str {
    if schema.types == Types::Any { "" } else { schema.types.name() }
}
