//! Who asks to be treated as somebody else, and whether it may be.

use std::{collections::BTreeMap, sync::Arc};

use api::{Identity, Status};
use http::{HeaderMap, HeaderName};

use super::{AUTHENTICATED, Caller, UNAUTHENTICATED};
use crate::{
    app::App,
    authorization,
    request_info::{self, RequestInfo},
};

const PREFIX: &str = "impersonate-";
const ANONYMOUS: &str = "system:anonymous";

/// What the `Impersonate-*` headers of a request say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    user: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

/// The identity that the request is to be served as. The headers go: whoever gets the request next must not act on them.
pub(crate) fn impersonate(app: &App, caller: Caller, headers: &mut HeaderMap) -> Result<Caller, Status> {
    let asks = |name: &&HeaderName| name.as_str().starts_with(PREFIX);
    if !headers.keys().any(|name| asks(&name)) {
        return Ok(caller);
    }
    let wanted = Wanted::of(headers);
    let gone: Vec<HeaderName> = headers.keys().filter(asks).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
    let rights = wanted.rights();
    if wanted.user.is_empty() {
        let asked: Vec<String> = rights.iter().map(|info| format!("{} {:?}", info.resource, info.name)).collect();
        return Err(Status::internal(format!("requested [{}] without impersonating a user", asked.join(" "))));
    }
    for info in &rights {
        authorization::authorize(app, &caller.identity, info, "")?;
    }
    Ok(Caller { identity: Arc::new(wanted.identity()) })
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Self {
        let mut wanted = Self::default();
        for (name, value) in headers {
            let Some(what) = name.as_str().strip_prefix(PREFIX) else { continue };
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match what {
                "user" if wanted.user.is_empty() => wanted.user = value,
                "uid" if wanted.uid.is_empty() => wanted.uid = value,
                "group" => wanted.groups.push(value),
                _ => {
                    if let Some(key) = what.strip_prefix("extra-") {
                        wanted.extra.entry(request_info::decode(key)).or_default().push(value);
                    }
                }
            }
        }
        wanted
    }

    /// What the caller has to be allowed: one right for each thing it wants to be.
    fn rights(&self) -> Vec<RequestInfo> {
        const AUTHENTICATION: &str = "authentication.k8s.io";
        let right = |group: &str, resource: &str, subresource: &str, name: &str| RequestInfo {
            verb: "impersonate",
            group: group.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            ..RequestInfo::default()
        };
        let mut rights = Vec::new();
        if let Some((namespace, name)) = service_account(&self.user) {
            let account = right("", "serviceaccounts", "", name);
            rights.push(RequestInfo { namespace: namespace.into(), within: true, ..account });
        } else if !self.user.is_empty() {
            rights.push(right("", "users", "", &self.user));
        }
        rights.extend(self.groups.iter().map(|group| right("", "groups", "", group)));
        for (key, values) in &self.extra {
            rights.extend(values.iter().map(|value| right(AUTHENTICATION, "userextras", key, value)));
        }
        if !self.uid.is_empty() {
            rights.push(right(AUTHENTICATION, "uids", "", &self.uid));
        }
        rights
    }

    fn identity(self) -> Identity {
        let mut groups = self.groups;
        if let Some((namespace, _)) = service_account(&self.user).filter(|_| groups.is_empty()) {
            groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
        }
        let sure = groups.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED);
        if self.user == ANONYMOUS && !groups.iter().any(|group| group == UNAUTHENTICATED) {
            groups.push(UNAUTHENTICATED.into());
        } else if self.user != ANONYMOUS && !sure {
            groups.push(AUTHENTICATED.into());
        }
        Identity { name: self.user, uid: self.uid, groups, extra: self.extra }
    }
}

/// The namespace and name of the account that a user name stands for.
fn service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':').filter(|(_, name)| !name.contains(':'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            headers.append(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        headers
    }

    #[test]
    fn one_right_for_each_thing() {
        let wanted = Wanted::of(&headers(&[
            ("Impersonate-User", "system:serviceaccount:a:robot"),
            ("Impersonate-Group", "g"),
            ("Impersonate-Extra-Example.com%2fScopes", "s"),
            ("Impersonate-Uid", "7"),
        ]));
        let rights = wanted.rights();
        let said: Vec<String> =
            rights.iter().map(|r| format!("{}|{}|{}|{}", r.group, r.namespace, r.resource_path(), r.name)).collect();
        assert_eq!(
            said,
            [
                "|a|serviceaccounts|robot",
                "||groups|g",
                "authentication.k8s.io||userextras/example.com/scopes|s",
                "authentication.k8s.io||uids|7"
            ]
        );
        assert_eq!(wanted.identity().groups, ["g", AUTHENTICATED]);
    }

    #[test]
    fn the_groups_that_come_with_a_name() {
        let groups = |user: &str, more: &[&str]| {
            let groups = more.iter().map(|group| (*group).to_owned()).collect();
            Wanted { user: user.into(), groups, ..Wanted::default() }.identity().groups
        };
        assert_eq!(groups("jo", &[]), [AUTHENTICATED]);
        assert_eq!(groups("jo", &[UNAUTHENTICATED]), [UNAUTHENTICATED]);
        assert_eq!(groups(ANONYMOUS, &[]), [UNAUTHENTICATED]);
        let robot = groups("system:serviceaccount:a:robot", &[]);
        assert_eq!(robot, ["system:serviceaccounts", "system:serviceaccounts:a", AUTHENTICATED]);
    }
}
