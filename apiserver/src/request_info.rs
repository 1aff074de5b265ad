//! What a path and method ask for: verb, resource, name, subresource.

use http::Method;

/// A request to a resource, or to something else (`/healthz`, discovery) when [`RequestInfo::resource`] is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestInfo {
    /// Kubernetes' word: create, get, list, watch, update, patch, delete, deletecollection; the method in lower case for
    /// what is no resource.
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) name: String,
    /// What follows the subresource: a proxy's path.
    pub(crate) rest: String,
    /// The path names a namespace around the resource; `namespaces/x` itself does not.
    pub(crate) within: bool,
}

/// `namespaces/x/status` is the namespace's own, `namespaces/x/pods` is not.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

impl RequestInfo {
    /// Parses `path`; `watch` says whether the query asks for a watch.
    pub(crate) fn parse(method: &Method, path: &str, watch: bool) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let (group, version) = match parts.next() {
            Some("api") => ("", parts.next()),
            Some("apis") => (parts.next().unwrap_or_default(), parts.next()),
            _ => return Self { verb: plain_verb(method), ..Self::default() },
        };
        let mut parts: Vec<&str> = parts.collect();
        let Some(version) = version.filter(|_| !parts.is_empty()) else {
            return Self { verb: plain_verb(method), ..Self::default() };
        };
        let (mut namespace, mut within) = ("", false);
        if parts[0] == "namespaces" && parts.len() > 1 {
            namespace = parts[1];
            if parts.len() > 2 && !NAMESPACE_SUBRESOURCES.contains(&parts[2]) {
                parts.drain(..2);
                within = true;
            }
        }
        let part = |at: usize| decode(parts.get(at).copied().unwrap_or_default());
        let rest = parts.get(3..).map(|rest| rest.join("/")).unwrap_or_default();
        let (resource, name, subresource) = (part(0), part(1), part(2));
        let verb = verb(method, name.is_empty(), watch);
        Self {
            verb,
            group: group.into(),
            version: version.into(),
            namespace: namespace.into(),
            resource,
            subresource,
            name,
            rest,
            within,
        }
    }

    pub(crate) fn is_resource(&self) -> bool {
        !self.resource.is_empty()
    }

    /// `pods` or `pods/log`, as authorization and errors say it.
    pub(crate) fn resource_path(&self) -> String {
        if self.subresource.is_empty() { self.resource.clone() } else { format!("{}/{}", self.resource, self.subresource) }
    }
}

fn plain_verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "options",
    }
}

fn verb(method: &Method, collection: bool, watch: bool) -> &'static str {
    match *method {
        Method::GET | Method::HEAD if collection && watch => "watch",
        Method::GET | Method::HEAD if collection => "list",
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if collection => "deletecollection",
        Method::DELETE => "delete",
        _ => "",
    }
}

/// Undoes percent-encoding: names of RBAC objects hold colons.
pub(crate) fn decode(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    let hex = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let (mut out, bytes) = (Vec::with_capacity(part.len()), part.as_bytes());
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at + 1..at + 3).and_then(hex).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(method: &Method, path: &str) -> String {
        let info = RequestInfo::parse(method, path, path.ends_with("?watch"));
        format!(
            "{} {}|{}|{}|{}|{}|{}",
            info.verb,
            info.group,
            info.version,
            info.namespace,
            info.resource_path(),
            info.name,
            info.rest
        )
    }

    #[test]
    fn every_form_of_path() {
        let cases = [
            (Method::GET, "/api/v1/pods", "list |v1||pods||"),
            (Method::GET, "/api/v1/namespaces", "list |v1||namespaces||"),
            (Method::GET, "/api/v1/namespaces/a", "get |v1|a|namespaces|a|"),
            (Method::PUT, "/api/v1/namespaces/a/finalize", "update |v1|a|namespaces/finalize|a|"),
            (Method::PATCH, "/api/v1/namespaces/a/status", "patch |v1|a|namespaces/status|a|"),
            (Method::POST, "/api/v1/namespaces/a/pods", "create |v1|a|pods||"),
            (Method::DELETE, "/api/v1/namespaces/a/pods", "deletecollection |v1|a|pods||"),
            (Method::DELETE, "/api/v1/namespaces/a/pods/p", "delete |v1|a|pods|p|"),
            (Method::POST, "/api/v1/namespaces/a/pods/p/eviction", "create |v1|a|pods/eviction|p|"),
            (Method::GET, "/api/v1/namespaces/a/pods/p/proxy/x/y", "get |v1|a|pods/proxy|p|x/y"),
            (Method::GET, "/apis/apps/v1/namespaces/a/deployments/d/scale", "get apps|v1|a|deployments/scale|d|"),
            (Method::GET, "/apis/rbac/v1/clusterroles/system%3Anode", "get rbac|v1||clusterroles|system:node|"),
            (Method::GET, "/apis/apps/v1", "get ||||| "),
            (Method::GET, "/api", "get ||||| "),
            (Method::POST, "/healthz", "post ||||| "),
        ];
        for (method, path, expected) in cases {
            assert_eq!(say(&method, path), expected.trim_end(), "{method} {path}");
        }
    }
}
