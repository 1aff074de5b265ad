//! Who may do what. Denied unless a rule allows it.

use api::{Identity, Status, status::Details};

use crate::{
    authentication::{Caller, Door},
    request_info::RequestInfo,
};

/// Paths that tell nothing worth hiding: upstream's `system:public-info-viewer`.
const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
/// What upstream's `system:discovery` lets everybody read who has a name.
const DISCOVERY: [&str; 5] = ["/api", "/apis", "/openapi", "/.well-known/openid-configuration", "/openid/v1/jwks"];
/// What upstream's `system:basic-user` lets everybody ask about themselves.
const ABOUT_ONESELF: [&str; 3] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

/// Says no in upstream's words.
pub(crate) fn authorize(caller: &Caller, info: &RequestInfo, path: &str) -> Result<(), Status> {
    if allowed(caller, info, path) { Ok(()) } else { Err(denial(&caller.identity, info, path)) }
}

/// Whether `caller` may do what `info` (or, for what is no resource, `path`) says.
///
/// Roles are evaluated here, beside these rules, once they are served.
pub(crate) fn allowed(caller: &Caller, info: &RequestInfo, path: &str) -> bool {
    let identity = &caller.identity;
    let in_group = |group: &str| identity.groups.iter().any(|member| member == group);
    if in_group("system:masters") || (caller.door == Door::Process && identity.name.starts_with("system:")) {
        return true;
    }
    if info.is_resource() {
        return in_group("system:authenticated") && info.verb == "create" && ABOUT_ONESELF.contains(&info.resource.as_str());
    }
    if info.verb != "get" && info.verb != "head" {
        return false;
    }
    let under = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    PUBLIC.iter().any(|root| under(root)) || (in_group("system:authenticated") && DISCOVERY.iter().any(|root| under(root)))
}

fn denial(identity: &Identity, info: &RequestInfo, path: &str) -> Status {
    let user = &identity.name;
    if !info.is_resource() {
        let mut status =
            Status::failure(403, "Forbidden", format!("forbidden: User {user:?} cannot {} path {path:?}", info.verb));
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
        "{named} is forbidden: User {user:?} cannot {} resource {:?} in API group {:?} {place}",
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
    use std::sync::Arc;

    use http::Method;

    use super::*;

    fn ask(identity: Identity, door: Door, path: &str) -> Result<(), String> {
        let caller = Caller { identity: Arc::new(identity), door };
        authorize(&caller, &RequestInfo::parse(&Method::GET, path, false), path).map_err(|status| status.message)
    }

    #[test]
    fn denied_unless_allowed() {
        let pods = "/api/v1/namespaces/a/pods";
        assert_eq!(ask(Identity::new("admin", &["system:masters"]), Door::Socket, pods), Ok(()));
        assert_eq!(ask(Identity::new("system:kube-scheduler", &[]), Door::Process, pods), Ok(()));
        assert_eq!(
            ask(Identity::new("system:kube-scheduler", &[]), Door::Socket, pods).unwrap_err(),
            "pods is forbidden: User \"system:kube-scheduler\" cannot list resource \"pods\" in API group \"\" in the namespace \"a\""
        );
        assert_eq!(
            ask(Identity::new("jo", &[]), Door::Socket, "/apis/apps/v1/deployments").unwrap_err(),
            "deployments.apps is forbidden: User \"jo\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope"
        );
        assert_eq!(ask(Identity::new("jo", &[]), Door::Socket, "/apis/apps/v1"), Ok(()));
        assert_eq!(
            ask(Identity::anonymous(), Door::Socket, "/api").unwrap_err(),
            "forbidden: User \"system:anonymous\" cannot get path \"/api\""
        );
        assert_eq!(ask(Identity::anonymous(), Door::Socket, "/readyz"), Ok(()));
    }
}
