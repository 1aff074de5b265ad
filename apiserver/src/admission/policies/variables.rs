//! What a policy's expressions are evaluated in: the request, the parameters, the policy's own variables.

use std::{collections::HashMap, sync::Arc};

use api::{
    Key,
    cel::{
        CelValue, Expression, Scope,
        cel::objects::{Key as Name, Map},
    },
    kind::Version,
    kinds, schema,
};
use serde_json::Value;

use super::{
    super::{Attributes, expressions, matching::in_version},
    params::Parameters,
    policy::Policy,
};

pub(super) struct Evaluation {
    scope: Scope,
    /// Variables that have no value, and why: it matters only to those who ask for them.
    failed: HashMap<String, String>,
}

impl Evaluation {
    pub(super) fn new(
        attributes: &Attributes<'_>,
        version: &'static Version,
        policy: &Policy,
        object: &Value,
        parameter: &Parameters,
    ) -> Self {
        let old = attributes.old.map_or(Value::Null, |old| in_version(attributes, version, old));
        let mut scope = expressions::scope(attributes, version, object, &old);
        scope.set("namespaceObject", schema::find("io.k8s.api.core.v1.Namespace"), &namespace_object(attributes));
        scope.set("params", parameter.schema, &parameter.value);
        let (mut values, mut failed) = (HashMap::new(), HashMap::new());
        for (name, expression) in &policy.variables {
            scope.set_value("variables", CelValue::Map(Map { map: Arc::new(values.clone()) }));
            match scope.evaluate(expression) {
                Ok(value) => drop(values.insert(Name::String(Arc::new(name.clone())), value)),
                Err(why) => drop(failed.insert(name.clone(), why)),
            }
        }
        scope.set_value("variables", CelValue::Map(Map { map: Arc::new(values) }));
        Self { scope, failed }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn evaluate(&self, expression: &Expression) -> Result<CelValue, String> {
        self.scope.evaluate(expression).map_err(|why| {
            let missing = why.strip_prefix("no such key: ").and_then(|name| Some((name, self.failed.get(name)?)));
            missing.map_or(why.clone(), |(name, why)| format!("composited variable {name:?} fails to evaluate: {why}"))
        })
    }
}

/// Null for what lives outside namespaces, a namespace itself included.
fn namespace_object(attributes: &Attributes<'_>) -> Value {
    if !attributes.row.kind.namespaced {
        return Value::Null;
    }
    let namespace = attributes.app.store.get(&kinds::NAMESPACE, &Key::cluster(attributes.namespace()));
    namespace.map_or(Value::Null, |namespace| namespace.value())
}
