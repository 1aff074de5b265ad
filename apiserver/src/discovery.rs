//! Which kinds there are: `/api`, `/apis` and below, group by group or all at once; `/version`.

use api::{
    Kind, Status,
    key::api_version,
    kind::Version,
    kinds::{self, Kinds},
};
use axum::body::Body;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::{App, Call},
    authentication::service_account::ISSUER,
    handlers::reviews,
    negotiation::{Form, Offers},
    response,
};

/// The release of Kubernetes whose API this is.
const GIT_VERSION: &str = "v1.35.0+coracle";

pub(crate) fn version() -> Value {
    json!({
        "major": "1", "minor": "35", "gitVersion": GIT_VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

pub(crate) fn openid() -> Value {
    json!({
        "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/openid/v1/jwks"), "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    })
}

pub(crate) fn serve(app: &App, call: &Call, segments: &[&str]) -> Result<Response<Body>, Status> {
    let kinds = &*app.kinds();
    let document = match segments {
        [] => {
            let mut paths = vec!["/api".to_owned(), "/apis".to_owned(), "/healthz".to_owned(), "/livez".to_owned()];
            paths.extend(["/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
            paths.extend(
                group_versions(kinds).iter().filter(|(group, _)| !group.is_empty()).map(|(g, v)| format!("/apis/{g}/{v}")),
            );
            json!({ "paths": paths })
        }
        ["api"] | ["apis"] => return root(kinds, call, segments[0]),
        ["api", version] => resource_list(kinds, "", version)?,
        ["apis", group] => group_document(kinds, group).ok_or_else(response::no_such_path)?,
        ["apis", group, version] if !group.is_empty() => resource_list(kinds, group, version)?,
        _ => return Err(response::no_such_path()),
    };
    call.reply(StatusCode::OK, &document)
}

fn root(kinds: &Kinds, call: &Call, root: &str) -> Result<Response<Body>, Status> {
    let accept = call.accept(Offers::Discovery)?;
    let groups: Vec<&str> = groups(kinds).into_iter().filter(|group| group.is_empty() == (root == "api")).collect();
    let Form::Discovery(version) = accept.form else {
        let document = if root == "api" {
            let address = json!([{ "clientCIDR": "0.0.0.0/0", "serverAddress": "" }]);
            json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": address })
        } else {
            let groups: Vec<Value> =
                groups.iter().filter_map(|group| group_document(kinds, group)).map(without_kind).collect();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        };
        let mut answer = response::document(StatusCode::OK, &document, accept.encoding, call.pretty());
        answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
        return Ok(answer);
    };
    let document = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": groups.iter().map(|group| aggregated(kinds, group)).collect::<Vec<_>>(),
    });
    Ok(cacheable(call, &document, version))
}

/// Aggregated discovery with its hash: clients keep it on disk and ask whether it is still true.
fn cacheable(call: &Call, document: &Value, version: &str) -> Response<Body> {
    let body = serde_json::to_vec(document).expect("a Value is JSON");
    let hash = hex(&Sha256::digest(&body));
    let etag = HeaderValue::from_str(&format!("\"{hash}\"")).expect("a hash is hexadecimal");
    let same = call.headers.get(IF_NONE_MATCH) == Some(&etag);
    let mut answer =
        if same { response::json(StatusCode::NOT_MODIFIED, Body::empty()) } else { response::json(StatusCode::OK, body) };
    let content_type = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&content_type).expect("versions are ASCII"));
    headers.insert(ETAG, etag);
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert("x-varied-accept", HeaderValue::from_static("Accept"));
    answer
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Every group and version that is served, each group's preferred version first.
pub(crate) fn group_versions(kinds: &Kinds) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    let hubs = kinds::ALL.iter().map(|kind| (kind.group(), kind.hub().version));
    let others = kinds::ALL.iter().flat_map(|kind| kind.versions.iter().skip(1).map(|v| (v.group, v.version)));
    let reviews = reviews::kinds().map(|review| (review.group(), review.hub().version));
    // by group, and the preferred version of each first
    let custom = kinds.custom().map(|kind| (kind.group(), kind.hub().version));
    for pair in hubs.chain(reviews).chain(others).chain(custom) {
        if !all.contains(&pair) {
            all.push(pair);
        }
    }
    all
}

fn groups(kinds: &Kinds) -> Vec<&'static str> {
    let mut groups = Vec::new();
    for (group, _) in group_versions(kinds) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn group_document(kinds: &Kinds, group: &str) -> Option<Value> {
    let versions: Vec<Value> = group_versions(kinds)
        .into_iter()
        .filter(|(g, _)| *g == group && !group.is_empty())
        .map(|(g, v)| json!({ "groupVersion": api_version(g, v), "version": v }))
        .collect();
    let preferred = versions.first()?.clone();
    Some(
        json!({ "kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": versions, "preferredVersion": preferred }),
    )
}

fn without_kind(mut group: Value) -> Value {
    if let Some(fields) = group.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    group
}

/// The kinds that are served under `group`/`version`.
pub(crate) fn kinds_of<'a>(
    kinds: &'a Kinds,
    group: &'a str,
    version: &'a str,
) -> impl Iterator<Item = (&'static Kind, &'static Version)> + 'a {
    kinds.all().filter_map(move |kind| {
        kind.versions.iter().find(|v| v.group == group && v.version == version).map(|found| (kind, found))
    })
}

fn resource_list(kinds: &Kinds, group: &str, version: &str) -> Result<Value, Status> {
    let mut resources = Vec::new();
    for (kind, served) in kinds_of(kinds, group, version) {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular_name(), "namespaced": kind.namespaced, "kind": kind.kind,
            "verbs": verbs(kind), "storageVersionHash": storage_hash(kind),
        });
        if !kind.short_names.is_empty() && is_home(kind, served) {
            resource["shortNames"] = json!(kind.short_names);
        }
        if !kind.categories.is_empty() && is_home(kind, served) {
            resource["categories"] = json!(kind.categories);
        }
        resources.push(resource);
        for sub in kind.subresources {
            let mut resource = json!({
                "name": format!("{}/{}", kind.plural, sub.name), "singularName": "", "namespaced": kind.namespaced,
                "kind": if sub.kind.is_empty() { kind.kind } else { sub.kind }, "verbs": sub.verbs,
            });
            if !sub.version.is_empty() {
                resource["group"] = sub.group.into();
                resource["version"] = sub.version.into();
            }
            resources.push(resource);
        }
    }
    for review in reviews::kinds().filter(|review| review.group() == group && review.hub().version == version) {
        resources.push(json!({
            "name": review.plural, "singularName": review.kind.to_lowercase(), "namespaced": review.namespaced,
            "kind": review.kind, "verbs": review.verbs,
        }));
    }
    if resources.is_empty() {
        return Err(response::no_such_path());
    }
    let group_version = api_version(group, version);
    Ok(json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources }))
}

/// Whether short names and categories lead here: in a group that the kind has moved out of they would lead to it twice.
fn is_home(kind: &Kind, served: &Version) -> bool {
    kind.group() == served.group
}

/// What changes when the stored version of a kind does.
fn storage_hash(kind: &Kind) -> String {
    let version = kind.custom.map_or(kind.hub().version, |custom| custom.definition.storage);
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = format!("{}/{version}/{}", kind.group(), kind.kind);
    STANDARD.encode(&Sha256::digest(text.as_bytes())[..8])
}

fn aggregated(kinds: &Kinds, group: &str) -> Value {
    let versions: Vec<Value> = group_versions(kinds)
        .into_iter()
        .filter(|(g, _)| *g == group)
        .map(|(g, v)| json!({ "version": v, "freshness": "Current", "resources": aggregated_resources(kinds, g, v) }))
        .collect();
    json!({ "metadata": { "name": group, "creationTimestamp": null }, "versions": versions })
}

/// A kind whose definition is being deleted can still be emptied.
fn verbs(kind: &Kind) -> &'static [&'static str] {
    match kind.custom {
        Some(custom) if custom.definition.terminating => &["delete", "deletecollection", "get", "list", "watch"],
        _ => kind.verbs,
    }
}

fn scope(namespaced: bool) -> &'static str {
    if namespaced { "Namespaced" } else { "Cluster" }
}

fn aggregated_resources(kinds: &Kinds, group: &str, version: &str) -> Vec<Value> {
    let response = |kind: &str| json!({ "group": group, "version": version, "kind": kind });
    let stored = kinds_of(kinds, group, version).map(|(kind, served)| {
        let mut resource = json!({
            "resource": kind.plural, "responseKind": response(kind.kind), "scope": scope(kind.namespaced),
            "singularResource": kind.singular_name(), "verbs": verbs(kind),
        });
        if !kind.short_names.is_empty() && is_home(kind, served) {
            resource["shortNames"] = json!(kind.short_names);
        }
        if !kind.categories.is_empty() && is_home(kind, served) {
            resource["categories"] = json!(kind.categories);
        }
        let subresources: Vec<Value> = kind
            .subresources
            .iter()
            .map(|sub| {
                let own = if sub.kind.is_empty() { kind.kind } else { sub.kind };
                let mut kind = response(own);
                if !sub.version.is_empty() {
                    kind = json!({ "group": sub.group, "version": sub.version, "kind": own });
                }
                json!({ "subresource": sub.name, "responseKind": kind, "verbs": sub.verbs })
            })
            .collect();
        if !subresources.is_empty() {
            resource["subresources"] = subresources.into();
        }
        resource
    });
    let reviews =
        reviews::kinds().filter(|review| review.group() == group && review.hub().version == version).map(|review| {
            json!({
                "resource": review.plural, "responseKind": response(review.kind), "scope": scope(review.namespaced),
                "singularResource": review.kind.to_lowercase(), "verbs": review.verbs,
            })
        });
    stored.chain(reviews).collect()
}
