//! Speaking as somebody else: `Impersonate-User` and its companions, for who may.

use std::{collections::BTreeMap, sync::Arc};

use api::{Identity, Status};
use http::HeaderMap;

use crate::{
    app::App,
    authorization,
    request_info::{RequestInfo, decode},
};

const PREFIX: &str = "impersonate-";
const EXTRA: &str = "extra-";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group of what is no user and no group.
const GROUP: &str = "authentication.k8s.io";

/// Who is meant, as the headers say it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    user: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

/// The identity that the request is made as: the caller's own, unless its headers name another that it may take on.
pub(crate) fn impersonate(app: &App, caller: Arc<Identity>, headers: &HeaderMap) -> Result<Arc<Identity>, Status> {
    let Some(wanted) = Wanted::of(headers)? else { return Ok(caller) };
    for info in wanted.requests() {
        authorization::authorize(app, &caller, &info, "")?;
    }
    Ok(Arc::new(wanted.identity()))
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Status> {
        let mut wanted = Self::default();
        for (name, value) in headers {
            let Some(what) = name.as_str().strip_prefix(PREFIX) else { continue };
            let value =
                value.to_str().map_err(|_| Status::bad_request(format!("the header {name} is not text")))?.to_owned();
            match what {
                "user" => wanted.user = value,
                "uid" => wanted.uid = value,
                "group" => wanted.groups.push(value),
                other => {
                    if let Some(key) = other.strip_prefix(EXTRA) {
                        wanted.extra.entry(decode(key)).or_default().push(value);
                    }
                }
            }
        }
        let nothing = wanted == Self::default();
        if !nothing && wanted.user.is_empty() {
            return Err(Status::internal(format!("requested {wanted:?} without impersonating a user")));
        }
        Ok((!nothing).then_some(wanted))
    }

    /// Namespace and name of the ServiceAccount that is meant, if one is.
    fn account(&self) -> Option<(&str, &str)> {
        self.user.strip_prefix("system:serviceaccount:")?.split_once(':')
    }

    /// What the caller must be allowed to do.
    fn requests(&self) -> Vec<RequestInfo> {
        let ask = |group: &str, resource: &str, name: &str| RequestInfo {
            verb: "impersonate",
            version: "v1".into(),
            group: group.into(),
            resource: resource.into(),
            name: name.into(),
            ..RequestInfo::default()
        };
        let mut requests = vec![match self.account() {
            Some((namespace, name)) => RequestInfo { namespace: namespace.into(), ..ask("", "serviceaccounts", name) },
            None => ask("", "users", &self.user),
        }];
        requests.extend(self.groups.iter().map(|group| ask("", "groups", group)));
        for (key, values) in &self.extra {
            let of = |value: &String| RequestInfo { subresource: key.clone(), ..ask(GROUP, "userextras", value) };
            requests.extend(values.iter().map(of));
        }
        if !self.uid.is_empty() {
            requests.push(ask(GROUP, "uids", &self.uid));
        }
        requests
    }

    fn identity(self) -> Identity {
        let mut groups = self.groups.clone();
        if groups.is_empty()
            && let Some((namespace, _)) = self.account()
        {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        let anonymous = self.user == "system:anonymous";
        if !groups.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED) {
            groups.push(if anonymous { UNAUTHENTICATED } else { AUTHENTICATED }.to_owned());
        }
        Identity { name: self.user, uid: self.uid, groups, extra: self.extra }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn who_is_meant() {
        assert_eq!(Wanted::of(&headers(&[("accept", "*/*")])).unwrap(), None);
        assert_eq!(Wanted::of(&headers(&[("impersonate-group", "x")])).unwrap_err().code, 500);
        let wanted = Wanted::of(&headers(&[
            ("impersonate-user", "jo"),
            ("impersonate-group", "a"),
            ("impersonate-group", "b"),
            ("impersonate-extra-acme.com%2fproject", "p"),
        ]));
        let wanted = wanted.unwrap().unwrap();
        let asked: Vec<String> =
            wanted.requests().iter().map(|info| format!("{} {}", info.resource_path(), info.name)).collect();
        assert_eq!(asked, ["users jo", "groups a", "groups b", "userextras/acme.com/project p"]);
        let identity = wanted.identity();
        assert_eq!(identity.groups, ["a", "b", AUTHENTICATED]);
    }

    #[test]
    fn an_account_has_its_groups() {
        let wanted = Wanted::of(&headers(&[("impersonate-user", "system:serviceaccount:n:s")])).unwrap().unwrap();
        let [info] = wanted.requests().try_into().unwrap();
        assert_eq!((info.namespace.as_str(), info.resource.as_str(), info.name.as_str()), ("n", "serviceaccounts", "s"));
        assert_eq!(wanted.identity().groups, ["system:serviceaccounts", "system:serviceaccounts:n", AUTHENTICATED]);
    }
}
