//! Says in the status of each ValidatingAdmissionPolicy what is surely wrong with its expressions.

use std::collections::BTreeSet;

use api::{
    Key, Kind,
    cel::check::{self, Kind as Type},
    kind::Version,
    kinds, schema,
};
use client::{Action, Cluster, Controller};
use serde_json::{Value, json};

use crate::{
    error::Error,
    objects::{self, Part},
};

/// More types than that are not looked at.
const MOST_TYPES: usize = 10;

pub(crate) fn controller() -> Controller {
    Controller::new("validatingadmissionpolicy-status", reconcile)
        .workers(1)
        .maps_of(&kinds::VALIDATING_ADMISSION_POLICY, |_, change| vec![change.key().clone()])
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let policies = cluster.informer_of(&kinds::VALIDATING_ADMISSION_POLICY);
    let Some(item) = policies.get(&key) else { return Ok(Action::Done) };
    let policy = item.object.value();
    if policy["status"]["observedGeneration"] == policy["metadata"]["generation"]
        && policy["status"]["typeChecking"].is_object()
    {
        return Ok(Action::Done);
    }
    let warnings = warnings(&policy);
    let checked = if warnings.is_empty() { json!({}) } else { json!({ "expressionWarnings": warnings }) };
    let status = json!({ "observedGeneration": policy["metadata"]["generation"], "typeChecking": checked });
    // A merge would keep warnings that are mended.
    if policy["status"]["typeChecking"]["expressionWarnings"].is_array() && warnings.is_empty() {
        let mended = json!({ "status": { "typeChecking": { "expressionWarnings": null } } });
        write(&cluster, &key, mended).await?;
    }
    write(&cluster, &key, json!({ "status": status })).await?;
    Ok(Action::Done)
}

async fn write(cluster: &Cluster, key: &Key, patch: Value) -> Result<(), Error> {
    let kind = &kinds::VALIDATING_ADMISSION_POLICY;
    match objects::merge(cluster, kind, key, Part::Status, patch).await {
        Ok(written) => cluster.informer_of(kind).reached(written.revision()).await,
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// By the place of the expression, what each type that the policy is about has against it.
fn warnings(policy: &Value) -> Vec<Value> {
    let spec = &policy["spec"];
    let types = types(&spec["matchConstraints"]["resourceRules"]);
    let items = |name: &str| spec[name].as_array().map_or(&[][..], Vec::as_slice);
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let expressions = items("validations").iter().enumerate().flat_map(|(i, validation)| {
        let places = ["expression", "messageExpression"]
            .map(|name| (format!("spec.validations[{i}].{name}"), text(validation, name)));
        places.into_iter().filter(|(_, expression)| !expression.is_empty())
    });
    let variables: Vec<(String, String)> =
        items("variables").iter().map(|variable| (text(variable, "name"), text(variable, "expression"))).collect();
    let mut all = Vec::new();
    for (place, expression) in expressions {
        let complaints: Vec<String> = types
            .iter()
            .filter_map(|(kind, version)| {
                let said = check_for(version, &spec["paramKind"], &variables, &expression);
                (!said.is_empty()).then(|| format!("{}, Kind={}: {}\n", version.api_version(), kind.kind, said.join("\n")))
            })
            .collect();
        if !complaints.is_empty() {
            all.push(json!({ "fieldRef": place, "warning": complaints.join("\n") }));
        }
    }
    all
}

fn check_for(version: &Version, param_kind: &Value, variables: &[(String, String)], expression: &str) -> Vec<String> {
    let of = |schema: Option<&'static schema::Type>| schema.map_or(Type::Any, Type::of);
    let object = of(schema::find(version.schema));
    let (group, param_version) = match param_kind["apiVersion"].as_str().unwrap_or_default().split_once('/') {
        Some((group, version)) => (group, version),
        None => ("", param_kind["apiVersion"].as_str().unwrap_or_default()),
    };
    let params = of(schema::find_kind(group, param_version, param_kind["kind"].as_str().unwrap_or_default()));
    let mut known = vec![
        ("object", object.clone()),
        ("oldObject", object),
        ("params", params),
        ("namespaceObject", of(schema::find("io.k8s.api.core.v1.Namespace"))),
    ];
    let mut members: Vec<(String, Type)> = Vec::new();
    for (name, expression) in variables {
        known.retain(|(known, _)| *known != "variables");
        known.push(("variables", Type::Members(members.clone())));
        members.push((name.clone(), check::check(expression, &known).1));
    }
    known.retain(|(known, _)| *known != "variables");
    known.push(("variables", Type::Members(members)));
    check::check(expression, &known).0
}

/// The types that rules name outright; with a wildcard nobody knows what is meant.
fn types(rules: &Value) -> Vec<(&'static Kind, &'static Version)> {
    let mut found = BTreeSet::new();
    for rule in rules.as_array().into_iter().flatten() {
        let texts = |name: &str| rule[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        let (groups, versions) = (texts("apiGroups"), texts("apiVersions"));
        if groups.contains(&"*") || versions.contains(&"*") {
            continue;
        }
        for group in &groups {
            for version in &versions {
                let resources = texts("resources").into_iter().filter(|resource| !resource.contains(['*', '/']));
                found.extend(resources.map(|resource| (*group, *version, resource)));
            }
        }
    }
    let row = |(group, version, resource): &(&str, &str, &str)| {
        let kind = kinds::find(group, version, resource)?;
        kind.versions.iter().find(|v| v.group == *group && v.version == *version).map(|version| (kind, version))
    };
    found.iter().filter_map(row).take(MOST_TYPES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(validations: Value, variables: Value) -> Value {
        let rules = json!([{ "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"] }]);
        json!({ "spec": { "matchConstraints": { "resourceRules": rules }, "validations": validations, "variables": variables } })
    }

    #[test]
    fn what_is_surely_wrong_is_told() {
        let variables = json!([{ "name": "name", "expression": "object.metadata.name" }]);
        let good = json!([
            { "expression": "object.spec.replicas > 1" },
            { "expression": "object.spec.template.spec.containers.all(c, c.image.startsWith('a') && size(c.ports) < 3)" },
            { "expression": "'a' in object.metadata.labels && object.metadata.labels['a'] == 'b' || has(object.spec.paused)" },
            { "expression": "object.metadata.creationTimestamp < timestamp('2024-01-01T00:00:00Z')" },
            { "expression": "variables.name == 'x'", "messageExpression": "'name is ' + variables.name" },
            { "expression": "oldObject == null || oldObject.spec.replicas + 1 == object.spec.replicas" },
            { "expression": "object.spec.strategy.?rollingUpdate.?maxSurge.hasValue()" },
        ]);
        assert_eq!(warnings(&policy(good, variables.clone())), Vec::<Value>::new());
        let bad = json!([
            { "expression": "object.spec.replicas > '1'" },
            { "expression": "object.spec.nope == 1" },
            { "expression": "variables.name > 1", "messageExpression": "variables.other" },
            { "expression": "object.spec.template.spec.containers.all(c, c.nope)" },
        ]);
        let all = warnings(&policy(bad, variables));
        let told: Vec<(&str, &str)> =
            all.iter().map(|w| (w["fieldRef"].as_str().unwrap(), w["warning"].as_str().unwrap())).collect();
        let expected = [
            (
                "spec.validations[0].expression",
                "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
            ),
            (
                "spec.validations[1].expression",
                "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'nope'\n | object.spec.nope == 1\n | ...........^\n",
            ),
            (
                "spec.validations[2].expression",
                "apps/v1, Kind=Deployment: ERROR: <input>:1:16: found no matching overload for '_>_' applied to '(string, int)'\n | variables.name > 1\n | ...............^\n",
            ),
            (
                "spec.validations[2].messageExpression",
                "apps/v1, Kind=Deployment: ERROR: <input>:1:10: undefined field 'other'\n | variables.other\n | .........^\n",
            ),
        ];
        assert_eq!(told[..4], expected);
        assert!(told[4].1.contains("undefined field 'nope'"), "{told:?}");
    }
}
