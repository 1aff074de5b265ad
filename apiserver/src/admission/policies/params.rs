//! Parameters of a binding: the objects that a policy is evaluated with, each in turn.

use api::{Key, Kind, kind::Version, schema};
use serde_json::Value;

use super::{
    super::Attributes,
    policy::{Binding, ParamRef, Policy},
};

/// `params`, and the type that tells its times from strings.
pub(super) struct Parameters {
    pub(super) value: Value,
    pub(super) schema: Option<&'static schema::Type>,
}

impl Parameters {
    const NONE: Self = Self { value: Value::Null, schema: None };

    /// # Errors
    /// In upstream's words (`staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go`).
    pub(super) fn of(attributes: &Attributes<'_>, policy: &Policy, binding: &Binding) -> Result<Vec<Self>, String> {
        let (Some((api_version, kind)), Some(reference)) = (&policy.param_kind, &binding.parameter) else {
            return Ok(vec![Self::NONE]);
        };
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let Some((row, version)) = find(attributes, group, version, kind) else {
            return Err(format!("failed to find resource referenced by paramKind: '{api_version}, Kind={kind}'"));
        };
        let namespace = namespace(attributes, row, reference)?;
        let store = &attributes.app.store;
        let values: Vec<Value> = if reference.name.is_empty() {
            let snapshot = store.snapshot(row);
            let all = snapshot.namespace(namespace).filter(|object| reference.selector.matches(&object.meta.labels));
            all.map(|object| object.value()).collect()
        } else {
            store.get(row, &Key::new(namespace, &reference.name)).map(|object| object.value()).into_iter().collect()
        };
        if values.is_empty() && reference.must_exist {
            return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
        }
        let shown = |mut value: Value| {
            if !std::ptr::eq(version, row.hub()) {
                (version.from_hub)(&mut value);
            }
            value["apiVersion"] = version.api_version().into();
            Self { value, schema: row.type_in(version) }
        };
        Ok(values.into_iter().map(shown).collect())
    }
}

fn namespace<'a>(attributes: &'a Attributes<'_>, row: &Kind, reference: &'a ParamRef) -> Result<&'a str, String> {
    match (row.namespaced, reference.namespace.as_str(), attributes.namespace()) {
        (false, "", _) => Ok(""),
        (false, _, _) => Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned()),
        (true, "", "") => {
            Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".to_owned())
        }
        (true, "", own) => Ok(own),
        (true, named, _) => Ok(named),
    }
}

fn find(attributes: &Attributes<'_>, group: &str, version: &str, kind: &str) -> Option<(&'static Kind, &'static Version)> {
    let row = attributes.app.find_kind(group, version, kind)?;
    Some((row.kind, row.version))
}
