//! A policy with its bindings, parsed. One without bindings is about nothing, and is left out.

use api::{cel::Expression, selector::LabelSelector};
use serde_json::Value;
use store::Snapshot;

use super::super::{Attributes, expressions, matching::Matcher};

pub(in crate::admission) struct Policy {
    pub(super) name: String,
    pub(super) matcher: Matcher,
    pub(super) fails_open: bool,
    pub(super) reinvoked: bool,
    pub(super) conditions: Vec<(String, Expression)>,
    /// Each may speak of those before it.
    pub(super) variables: Vec<(String, Expression)>,
    pub(super) validations: Vec<Validation>,
    /// Key, text, expression.
    pub(super) annotations: Vec<(String, String, Expression)>,
    pub(super) mutations: Vec<Mutation>,
    /// `apiVersion` and kind of its parameters.
    pub(super) param_kind: Option<(String, String)>,
    pub(super) bindings: Vec<Binding>,
    /// Why the policy cannot be asked.
    pub(super) error: Option<String>,
}

pub(super) struct Validation {
    pub(super) text: String,
    pub(super) expression: Expression,
    pub(super) message: String,
    pub(super) message_expression: Option<Expression>,
    pub(super) reason: String,
}

pub(super) struct Mutation {
    pub(super) text: String,
    pub(super) expression: Expression,
    /// A JSON patch; otherwise what server-side apply would lay over the object.
    pub(super) is_patch: bool,
}

pub(super) struct Binding {
    pub(super) name: String,
    pub(super) actions: Vec<Action>,
    matcher: Option<Matcher>,
    pub(super) parameter: Option<ParamRef>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deny,
    Warn,
    Audit,
}

pub(super) struct ParamRef {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) selector: LabelSelector,
    /// No parameter is a reason to refuse.
    pub(super) must_exist: bool,
}

/// All policies of a kind that are bound.
pub(in crate::admission) fn all([policies, bindings]: [Snapshot; 2]) -> Vec<Policy> {
    let bindings: Vec<Value> = bindings.iter_from(None).map(|binding| binding.value()).collect();
    let bound = |policy: &Value| {
        let name = &policy["metadata"]["name"];
        bindings.iter().filter(|binding| binding["spec"]["policyName"] == *name).map(Binding::of).collect::<Vec<_>>()
    };
    let policies = policies.iter_from(None).map(|policy| policy.value());
    policies.map(|policy| (bound(&policy), policy)).filter(|(bound, _)| !bound.is_empty()).map(Policy::of).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[name].as_array().into_iter().flatten()
}

impl Policy {
    fn of((bindings, policy): (Vec<Binding>, Value)) -> Self {
        let spec = &policy["spec"];
        let mut made = Self {
            name: text(&policy["metadata"]["name"]),
            matcher: Matcher::of(
                &spec["matchConstraints"],
                &spec["matchConstraints"]["resourceRules"],
                &spec["matchConstraints"]["excludeResourceRules"],
            ),
            fails_open: spec["failurePolicy"] == "Ignore",
            reinvoked: spec["reinvocationPolicy"] == "IfNeeded",
            conditions: Vec::new(),
            variables: Vec::new(),
            validations: Vec::new(),
            annotations: Vec::new(),
            mutations: Vec::new(),
            param_kind: spec["paramKind"]
                .is_object()
                .then(|| (text(&spec["paramKind"]["apiVersion"]), text(&spec["paramKind"]["kind"]))),
            bindings,
            error: None,
        };
        made.error = made.compile(spec).err();
        made
    }

    fn compile(&mut self, spec: &Value) -> Result<(), String> {
        let mut declared = vec!["object", "oldObject", "request", "namespaceObject", "variables", "authorizer"];
        declared.extend(self.param_kind.is_some().then_some("params"));
        let compile = |text: &str| Expression::compile(text, &declared);
        self.conditions = expressions::compile_conditions(&spec["matchConditions"], &declared)?;
        for variable in items(spec, "variables") {
            self.variables.push((text(&variable["name"]), compile(&text(&variable["expression"]))?));
        }
        for validation in items(spec, "validations") {
            let words = text(&validation["messageExpression"]);
            self.validations.push(Validation {
                text: text(&validation["expression"]).trim().to_owned(),
                expression: compile(&text(&validation["expression"]))?,
                message: text(&validation["message"]),
                message_expression: (!words.is_empty()).then(|| compile(&words)).transpose()?,
                reason: validation["reason"].as_str().unwrap_or("Invalid").to_owned(),
            });
        }
        for annotation in items(spec, "auditAnnotations") {
            let value = text(&annotation["valueExpression"]);
            self.annotations.push((text(&annotation["key"]), value.clone(), compile(&value)?));
        }
        for mutation in items(spec, "mutations") {
            let is_patch = mutation["patchType"] == "JSONPatch";
            let said = text(&mutation[if is_patch { "jsonPatch" } else { "applyConfiguration" }]["expression"]);
            self.mutations.push(Mutation { expression: compile(&said)?, text: said.trim().to_owned(), is_patch });
        }
        Ok(())
    }
}

impl Binding {
    fn of(binding: &Value) -> Self {
        let spec = &binding["spec"];
        let resources = &spec["matchResources"];
        let actions = items(spec, "validationActions").filter_map(|action| match action.as_str() {
            Some("Deny") => Some(Action::Deny),
            Some("Warn") => Some(Action::Warn),
            Some("Audit") => Some(Action::Audit),
            _ => None,
        });
        let reference = &spec["paramRef"];
        Self {
            name: text(&binding["metadata"]["name"]),
            actions: actions.collect(),
            matcher: resources
                .is_object()
                .then(|| Matcher::of(resources, &resources["resourceRules"], &resources["excludeResourceRules"])),
            parameter: reference.is_object().then(|| ParamRef {
                name: text(&reference["name"]),
                namespace: text(&reference["namespace"]),
                selector: LabelSelector::of(&reference["selector"]),
                must_exist: reference["parameterNotFoundAction"] != "Allow",
            }),
        }
    }

    /// Whether the policy holds for this request by this binding.
    pub(super) fn covers(&self, attributes: &Attributes<'_>, value: &Value) -> Result<bool, String> {
        let Some(matcher) = &self.matcher else { return Ok(true) };
        matcher.covers(attributes, value).map_err(|status| status.message)
    }
}
