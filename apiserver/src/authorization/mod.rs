//! Who may do what. Denied unless a rule allows it.

/// The roles that every cluster has.
pub(crate) mod policy;
/// Roles and bindings.
pub(crate) mod rbac;

use api::{Identity, Status, status::Details};

use crate::{app::App, request_info::RequestInfo};

/// The group that may do everything, whatever the roles say.
pub(crate) const MASTERS: &str = "system:masters";
/// The group of the nodes. What each may do is no binding's choice: a node without it could not run.
const NODES: &str = "system:nodes";

/// An answer and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
}

/// Says no in upstream's words.
pub(crate) fn authorize(app: &App, identity: &Identity, info: &RequestInfo, path: &str) -> Result<(), Status> {
    if is_master(identity) {
        return Ok(());
    }
    let index = app.rbac.index(&app.store);
    if by_node(identity, info.verb, info, path) || index.allows(identity, info.verb, info, path).is_some() {
        return Ok(());
    }
    Err(denial(identity, info, path, &index.dangling(identity, &info.namespace)))
}

/// Whether `identity` may do `verb` to what `info` (or, for what is no resource, `path`) names.
pub(crate) fn decide(app: &App, identity: &Identity, verb: &str, info: &RequestInfo, path: &str) -> Decision {
    decide_by(&app.rbac.index(&app.store), identity, verb, info, path)
}

/// The same, by the rules as they were when the index was made.
pub(crate) fn decide_by(index: &rbac::Index, identity: &Identity, verb: &str, info: &RequestInfo, path: &str) -> Decision {
    let allowed = |reason| Decision { allowed: true, reason };
    if is_master(identity) || by_node(identity, verb, info, path) {
        return allowed(String::new());
    }
    if let Some(held) = index.allows(identity, verb, info, path) {
        return allowed(held.reason());
    }
    Decision { allowed: false, reason: unresolved(&index.dangling(identity, &info.namespace)) }
}

pub(crate) fn is_master(identity: &Identity) -> bool {
    identity.groups.iter().any(|group| group == MASTERS)
}

fn by_node(identity: &Identity, verb: &str, info: &RequestInfo, path: &str) -> bool {
    identity.name.starts_with("system:node:")
        && identity.groups.iter().any(|group| group == NODES)
        && policy::node_rules().iter().any(|rule| rule.allows(verb, info, path))
}

fn unresolved(dangling: &[String]) -> String {
    match dangling {
        [] => String::new(),
        [one] => format!("RBAC: {one}"),
        many => format!("RBAC: [{}]", many.join(", ")),
    }
}

fn denial(identity: &Identity, info: &RequestInfo, path: &str, dangling: &[String]) -> Status {
    let user = &identity.name;
    let because = match unresolved(dangling) {
        none if none.is_empty() => none,
        why => format!(": {why}"),
    };
    if !info.is_resource() {
        let words = format!("forbidden: User {user:?} cannot {} path {path:?}{because}", info.verb);
        let mut status = Status::failure(403, "Forbidden", words);
        status.details = Some(Box::default());
        return status;
    }
    let qualified = if info.group.is_empty() { info.resource.clone() } else { format!("{}.{}", info.resource, info.group) };
    let named = if info.name.is_empty() { qualified } else { format!("{qualified} {:?}", info.name) };
    let place = match info.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let message = format!(
        "{named} is forbidden: User {user:?} cannot {} resource {:?} in API group {:?} {place}{because}",
        info.verb,
        info.resource_path(),
        info.group
    );
    let mut status = Status::failure(403, "Forbidden", message);
    status.details = Some(Box::new(Details {
        name: info.name.clone(),
        group: info.group.clone(),
        kind: info.resource.clone(),
        ..Details::default()
    }));
    status
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn refusals_in_upstreams_words() {
        let say = |path: &str, dangling: &[String]| {
            denial(&Identity::new("jo", &[]), &RequestInfo::parse(&Method::GET, path, false), path, dangling).message
        };
        assert_eq!(
            say("/api/v1/namespaces/a/pods", &[]),
            "pods is forbidden: User \"jo\" cannot list resource \"pods\" in API group \"\" in the namespace \"a\""
        );
        assert_eq!(
            say("/apis/apps/v1/deployments", &["role.rbac.authorization.k8s.io \"x\" not found".to_owned()]),
            "deployments.apps is forbidden: User \"jo\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope: RBAC: role.rbac.authorization.k8s.io \"x\" not found"
        );
        assert_eq!(say("/logs", &[]), "forbidden: User \"jo\" cannot get path \"/logs\"");
    }

    #[test]
    fn a_node_is_a_node() {
        let ask = |identity: &Identity, method: &Method, path: &str| {
            let info = RequestInfo::parse(method, path, false);
            by_node(identity, info.verb, &info, path)
        };
        let node = Identity::node("a");
        assert!(ask(&node, &Method::PATCH, "/api/v1/namespaces/x/pods/p/status"));
        assert!(ask(&node, &Method::POST, "/api/v1/namespaces/x/serviceaccounts/s/token"));
        assert!(!ask(&node, &Method::POST, "/apis/apps/v1/namespaces/x/deployments"));
        assert!(!ask(&node, &Method::DELETE, "/api/v1/namespaces/x/secrets/s"));
        // a name alone is nobody's proof
        assert!(!ask(&Identity::new("system:node:a", &[]), &Method::GET, "/api/v1/nodes"));
    }
}
