//! `x-kubernetes-validations`: rules in CEL, compiled with the schema they stand in and evaluated against its values.

/// What an expression says of values that are not there, by the schema.
mod check;
/// What an expression costs.
mod cost;
/// Rules against values.
mod evaluate;
#[cfg(test)]
mod tests;
/// Values as the language has them.
mod value;

use serde_json::Value;

pub(crate) use check::undefined;
pub(crate) use cost::{CRD_LIMIT, RULE_LIMIT, estimate, most_items};
pub(super) use evaluate::evaluate;

use crate::cel::Expression;

/// What a rule may speak of.
const VARIABLES: [&str; 2] = ["self", "oldSelf"];

/// One of `x-kubernetes-validations`, compiled.
#[derive(Debug)]
pub struct Rule {
    pub text: String,
    pub message: String,
    pub reason: String,
    pub field_path: String,
    pub optional_old_self: bool,
    /// The rule, or why it does not compile.
    pub expression: Result<Expression, String>,
    /// `messageExpression`, if there is one.
    pub said: Option<Result<Expression, String>>,
    /// Whether it compares with what was there before.
    pub compares: bool,
}

impl Rule {
    pub(super) fn read(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let expression = Expression::compile(text("rule").trim(), &VARIABLES);
        let said = text("messageExpression");
        let compares = expression.as_ref().is_ok_and(|expression| expression.mentions("oldSelf"));
        Self {
            text: text("rule"),
            message: text("message"),
            reason: text("reason"),
            field_path: text("fieldPath"),
            optional_old_self: value["optionalOldSelf"] == true,
            said: (!said.is_empty()).then(|| Expression::compile(said.trim(), &VARIABLES)),
            expression,
            compares,
        }
    }
}
