//! Fills ClusterRoles that are made of others: the rules of all that their selectors find.

use api::{Key, Kind, Object, kinds, selector::LabelSelector};
use client::{Action, Cluster, Controller, View, view};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    error::Error,
    objects::{self, Part},
};

/// The selectors of a role that is made of others.
struct RoleView {
    selectors: Box<[LabelSelector]>,
}

impl View for RoleView {
    const KIND: &'static Kind = &kinds::CLUSTER_ROLE;

    fn of(object: &Object) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Fields {
            aggregation_rule: Option<AggregationRule>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct AggregationRule {
            cluster_role_selectors: Option<Vec<Value>>,
        }
        let rule = view::read::<Fields>(object).aggregation_rule.unwrap_or_default();
        Self { selectors: rule.cluster_role_selectors.iter().flatten().map(LabelSelector::of).collect() }
    }
}

pub(crate) fn controller() -> Controller {
    Controller::new("clusterrole-aggregation", reconcile).watches::<RoleView>().maps::<RoleView>(|cluster, change| {
        let finds = |role: &RoleView| {
            let mut sides = change.sides();
            sides.any(|item| role.selectors.iter().any(|selector| selector.matches(item.labels())))
        };
        let roles = cluster.informer::<RoleView>().all();
        roles.iter().filter(|role| finds(&role.view)).map(|role| role.key().clone()).collect()
    })
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let roles = cluster.informer::<RoleView>();
    let Some(role) = roles.get(&key).filter(|role| !role.view.selectors.is_empty()) else { return Ok(Action::Done) };
    let mut parts = roles.all();
    parts.sort_by(|a, b| a.name().cmp(b.name()));
    parts.retain(|part| part.key() != &key && role.view.selectors.iter().any(|selector| selector.matches(part.labels())));
    let rules = union(parts.iter().map(|part| part.object.value()));
    if role.object.value()["rules"] == rules {
        return Ok(Action::Done);
    }
    match objects::merge(&cluster, &kinds::CLUSTER_ROLE, &key, Part::Whole, json!({"rules": rules})).await {
        Err(error) if error.is_not_found() => Ok(Action::Done),
        other => other.map(|_| Action::Done),
    }
}

/// The rules of all, each once.
fn union(roles: impl Iterator<Item = Value>) -> Value {
    let mut rules: Vec<Value> = Vec::new();
    for role in roles {
        for rule in role["rules"].as_array().into_iter().flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    if rules.is_empty() { Value::Null } else { rules.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_once() {
        let role = |verb: &str| json!({"rules": [{"verbs": [verb]}, {"verbs": ["get"]}]});
        assert_eq!(
            union([role("list"), role("watch")].into_iter()),
            json!([{"verbs": ["list"]}, {"verbs": ["get"]}, {"verbs": ["watch"]}])
        );
        assert_eq!(union(std::iter::empty()), Value::Null);
    }
}
