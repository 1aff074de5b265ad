//! One rule of a role: what it lets through, and whether others let through as much. Pure.

use serde::Deserialize;

use crate::request_info::RequestInfo;

/// `rbac.authorization.k8s.io/v1 PolicyRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    #[serde(deserialize_with = "list")]
    pub(crate) api_groups: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) resources: Vec<String>,
    #[serde(rename = "nonResourceURLs", deserialize_with = "list")]
    pub(crate) urls: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) resource_names: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) verbs: Vec<String>,
}

fn list<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn names(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one == "*" || one == wanted)
}

impl Rule {
    /// Whether the rule lets the request through; `verb` is the request's own, or another one that is asked about. `path`
    /// counts where the request is to no resource.
    pub(crate) fn allows(&self, verb: &str, info: &RequestInfo, path: &str) -> bool {
        if !names(&self.verbs, verb) {
            return false;
        }
        if !info.is_resource() {
            return self.urls.iter().any(|url| covers_path(url, path));
        }
        names(&self.api_groups, &info.group)
            && self.resources.iter().any(|resource| covers_resource(resource, &info.resource, &info.subresource))
            && (self.resource_names.is_empty() || self.resource_names.contains(&info.name))
    }

    /// Whether this rule alone gives all that `other`, a rule of one group, resource and verb, gives.
    fn covers(&self, other: &Rule) -> bool {
        let part = |mine: &[String], theirs: &[String]| theirs.iter().all(|one| names(mine, one));
        let resource = |wanted: &String| {
            let (resource, subresource) = wanted.split_once('/').unwrap_or((wanted, ""));
            self.resources.iter().any(|mine| covers_resource(mine, resource, subresource))
        };
        part(&self.verbs, &other.verbs)
            && part(&self.api_groups, &other.api_groups)
            && other.resources.iter().all(resource)
            && other.urls.iter().all(|url| self.urls.iter().any(|mine| covers_path(mine, url)))
            && (self.resource_names.is_empty()
                || !other.resource_names.is_empty()
                    && other.resource_names.iter().all(|name| self.resource_names.contains(name)))
    }

    /// The rule as many of one group, resource, name and verb each.
    fn parts(&self) -> Vec<Rule> {
        let one = |text: &String| vec![text.clone()];
        let mut parts = Vec::new();
        for verb in &self.verbs {
            for (group, resource) in self.api_groups.iter().flat_map(|group| self.resources.iter().map(move |r| (group, r)))
            {
                let part = Rule { api_groups: one(group), resources: one(resource), verbs: one(verb), ..Rule::default() };
                if self.resource_names.is_empty() {
                    parts.push(part);
                } else {
                    let named = |name| Rule { resource_names: one(name), ..part.clone() };
                    parts.extend(self.resource_names.iter().map(named));
                }
            }
            parts.extend(self.urls.iter().map(|url| Rule { urls: one(url), verbs: one(verb), ..Rule::default() }));
        }
        parts
    }
}

impl std::fmt::Display for Rule {
    /// As upstream writes a rule into a refusal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let quoted = |list: &[String]| list.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(" ");
        let shown = fields.iter().filter(|(_, list)| !list.is_empty());
        let shown: Vec<String> = shown.map(|(name, list)| format!("{name}:[{}]", quoted(list))).collect();
        write!(f, "{{{}}}", shown.join(", "))
    }
}

/// `*`, `pods`, `pods/log`, `*/scale`.
fn covers_resource(mine: &str, resource: &str, subresource: &str) -> bool {
    if mine == "*" {
        return true;
    }
    match mine.split_once('/') {
        Some((own, sub)) => sub == subresource && (own == "*" || own == resource),
        None => subresource.is_empty() && mine == resource,
    }
}

fn covers_path(mine: &str, path: &str) -> bool {
    mine == "*" || mine == path || mine.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
}

/// What of `wanted` nobody who has only `held` may give to others; verbs of the same thing together.
pub(crate) fn uncovered(held: &[&Rule], wanted: &[Rule]) -> Vec<Rule> {
    let mut missing: Vec<Rule> = Vec::new();
    for part in wanted.iter().flat_map(Rule::parts).filter(|part| !held.iter().any(|mine| mine.covers(part))) {
        let same = |rule: &&mut Rule| {
            rule.api_groups == part.api_groups
                && rule.resources == part.resources
                && rule.resource_names == part.resource_names
                && rule.urls == part.urls
        };
        match missing.iter_mut().find(same) {
            Some(rule) if rule.verbs.contains(&part.verbs[0]) => {}
            Some(rule) => rule.verbs.extend(part.verbs),
            None => missing.push(part),
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rule(value: Value) -> Rule {
        serde_json::from_value(value).unwrap()
    }

    fn info(group: &str, resource: &str, subresource: &str, name: &str) -> RequestInfo {
        let [group, resource, subresource, name] = [group, resource, subresource, name].map(str::to_owned);
        RequestInfo { group, resource, subresource, name, ..RequestInfo::default() }
    }

    /// pkg/apis/rbac/v1/evaluation_helpers.go
    #[test]
    fn what_a_rule_lets_through() {
        let pods = rule(json!({"apiGroups": [""], "resources": ["pods", "*/scale"], "verbs": ["get", "list"]}));
        let named = rule(json!({"apiGroups": ["*"], "resources": ["pods/log"], "resourceNames": ["a"], "verbs": ["*"]}));
        let paths = rule(json!({"nonResourceURLs": ["/logs/*", "/version"], "verbs": ["get"]}));
        for (rule, verb, info, path, allowed) in [
            (&pods, "get", info("", "pods", "", "x"), "", true),
            (&pods, "delete", info("", "pods", "", "x"), "", false),
            (&pods, "get", info("apps", "pods", "", "x"), "", false),
            (&pods, "get", info("", "pods", "log", "x"), "", false),
            (&pods, "get", info("", "replicationcontrollers", "scale", "x"), "", true),
            (&named, "get", info("", "pods", "log", "a"), "", true),
            (&named, "get", info("", "pods", "log", "b"), "", false),
            (&named, "list", info("", "pods", "log", ""), "", false),
            (&paths, "get", RequestInfo::default(), "/logs/x/y", true),
            (&paths, "get", RequestInfo::default(), "/version", true),
            (&paths, "get", RequestInfo::default(), "/version/x", false),
            (&paths, "post", RequestInfo::default(), "/version", false),
        ] {
            assert_eq!(rule.allows(verb, &info, path), allowed, "{rule} {verb} {info:?} {path}");
        }
    }

    #[test]
    fn nobody_gives_what_he_has_not() {
        let held = rule(json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}));
        let wanted = rule(json!({"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "delete"]}));
        let missing: Vec<String> = uncovered(&[&held], &[wanted]).iter().map(Rule::to_string).collect();
        assert_eq!(
            missing,
            [
                r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}"#,
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}"#,
            ]
        );
        let all = rule(json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}));
        assert!(uncovered(&[&all], std::slice::from_ref(&held)).is_empty());
        let named = rule(json!({"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["get"]}));
        assert!(uncovered(&[&held], std::slice::from_ref(&named)).is_empty());
        assert_eq!(uncovered(&[&named], &[held]).len(), 1);
    }
}
