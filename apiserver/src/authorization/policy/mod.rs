//! The roles that every cluster has, and who has them: upstream's names and rights
//! (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).

/// Of the controllers.
mod controllers;
/// Of users and of the other components.
mod roles;

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::rbac::rule::Rule;

/// A ClusterRole, and who has it.
struct Role {
    name: &'static str,
    /// Labels it to become part of these roles: `aggregate-to-<name>`.
    aggregates_to: &'static [&'static str],
    /// It is made of the roles that are labelled so.
    aggregates: &'static str,
    rules: &'static [Grant],
    /// `Group x` or `User x`; one binding of the role's name.
    subjects: &'static [&'static str],
}

impl Role {
    const NONE: Self = Self { name: "", aggregates_to: &[], aggregates: "", rules: &[], subjects: &[] };
}

/// Words are parted by spaces.
struct Grant {
    verbs: &'static str,
    /// `core` is the group without a name.
    groups: &'static str,
    /// What is no resource begins with a slash.
    resources: &'static str,
    names: &'static str,
}

/// `READ` of `pods` in `core`.
const fn grant(verbs: &'static str, groups: &'static str, resources: &'static str) -> Grant {
    Grant { verbs, groups, resources, names: "" }
}

const fn paths(paths: &'static str) -> Grant {
    Grant { verbs: "get", groups: "", resources: paths, names: "" }
}

const READ: &str = "get list watch";
const WRITE: &str = "create delete deletecollection patch update";
const ALL: &str = "create delete deletecollection get list patch update watch";
const EVENTS: Grant = grant("create patch update", "core events.k8s.io", "events");

impl Grant {
    fn rule(&self) -> Rule {
        let words = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let mut verbs = words(self.verbs);
        verbs.sort();
        if self.resources.starts_with('/') || self.groups.is_empty() {
            return Rule { urls: words(self.resources), verbs, ..Rule::default() };
        }
        let groups = words(self.groups).into_iter().map(|group| if group == "core" { String::new() } else { group });
        Rule {
            api_groups: groups.collect(),
            resources: words(self.resources),
            resource_names: words(self.names),
            verbs,
            ..Rule::default()
        }
    }

    fn to_json(&self) -> Value {
        let Rule { api_groups, resources, urls, resource_names, verbs } = self.rule();
        let fields = [
            ("apiGroups", api_groups),
            ("resources", resources),
            ("nonResourceURLs", urls),
            ("resourceNames", resource_names),
            ("verbs", verbs),
        ];
        let fields = fields.into_iter().filter(|(_, list)| !list.is_empty());
        Value::Object(fields.map(|(name, list)| (name.to_owned(), list.into())).collect::<Map<_, _>>())
    }
}

/// What every node may.
pub(super) fn node_rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| roles::NODE.iter().map(Grant::rule).collect())
}

const GROUP: &str = "rbac.authorization.k8s.io";

fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    })
}

/// The collection and the object, roles before bindings.
pub(crate) fn objects() -> Vec<(&'static str, Value)> {
    let api_version = format!("{GROUP}/v1");
    let mut objects = Vec::new();
    let mut bindings = Vec::new();
    let mut bind =
        |name: &str, subjects: Vec<Value>| {
            bindings.push(("clusterrolebindings", json!({
            "apiVersion": api_version, "kind": "ClusterRoleBinding", "metadata": metadata(name), "subjects": subjects,
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        })));
        };
    for role in roles::ROLES {
        let mut object = json!({"apiVersion": api_version, "kind": "ClusterRole", "metadata": metadata(role.name)});
        for to in role.aggregates_to {
            object["metadata"]["labels"][format!("{GROUP}/aggregate-to-{to}")] = "true".into();
        }
        if role.aggregates.is_empty() {
            object["rules"] = role.rules.iter().map(Grant::to_json).collect();
        } else {
            let label = format!("{GROUP}/aggregate-to-{}", role.aggregates);
            object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
        }
        objects.push(("clusterroles", object));
        if !role.subjects.is_empty() {
            let subject = |text: &&str| {
                let (kind, name) = text.split_once(' ').expect("a subject has a kind and a name");
                json!({"apiGroup": GROUP, "kind": kind, "name": name})
            };
            bind(role.name, role.subjects.iter().map(subject).collect());
        }
    }
    for (name, rules) in controllers::CONTROLLERS {
        let role = format!("system:controller:{name}");
        objects.push((
            "clusterroles",
            json!({
                "apiVersion": api_version, "kind": "ClusterRole", "metadata": metadata(&role),
                "rules": rules.iter().map(Grant::to_json).collect::<Vec<_>>(),
            }),
        ));
        // Upstream's controllers have an account each; ours run under one name.
        bind(
            &role,
            vec![
                json!({"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}),
                json!({"apiGroup": GROUP, "kind": "User", "name": "system:kube-controller-manager"}),
            ],
        );
    }
    objects.extend(bindings);
    objects
}

/// `there` with what `wanted` says and it lacks; none if it lacks nothing, or its owner keeps it as it is.
pub(crate) fn completed(there: &Value, wanted: &Value) -> Option<Value> {
    if there["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] == "false" {
        return None;
    }
    let mut next = there.clone();
    for (name, value) in wanted["metadata"]["labels"].as_object().into_iter().flatten() {
        next["metadata"]["labels"][name] = value.clone();
    }
    for list in ["rules", "subjects"] {
        let wanted = wanted[list].as_array().into_iter().flatten();
        let lacking: Vec<Value> =
            wanted.filter(|one| !there[list].as_array().is_some_and(|all| all.contains(one))).cloned().collect();
        if !lacking.is_empty() {
            let all = there[list].as_array().into_iter().flatten().cloned().chain(lacking);
            next[list] = all.collect();
        }
    }
    (next != *there).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_well_formed() {
        let objects = objects();
        for (_, object) in &objects {
            let name = object["metadata"]["name"].as_str().unwrap();
            assert_eq!(
                objects.iter().filter(|(_, o)| o["kind"] == object["kind"] && o["metadata"]["name"] == name).count(),
                1,
                "{name}"
            );
            for rule in object["rules"].as_array().into_iter().flatten() {
                assert!(rule["nonResourceURLs"].is_array() != rule["resources"].is_array(), "{name}: {rule}");
                assert!(rule["verbs"].as_array().is_some_and(|verbs| !verbs.is_empty()), "{name}: {rule}");
            }
        }
        assert!(objects.iter().any(|(_, object)| object["roleRef"]["name"] == "cluster-admin"));
    }
}
