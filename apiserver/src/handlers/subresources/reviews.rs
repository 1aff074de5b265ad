//! Questions about identities and rights, answered at once and never stored: one row each.

use api::{Identity, Status};
use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::super::body;
use crate::{
    app::{App, Call},
    authentication::{self, Caller, Door},
    authorization,
    request_info::RequestInfo,
    response,
};

/// A kind that can only be created. It has a place in discovery like any other.
pub(crate) struct Review {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    answer: fn(&App, &Caller, &Value) -> Value,
}

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

pub(crate) static REVIEWS: &[Review] = &[
    Review {
        group: AUTHENTICATION,
        kind: "SelfSubjectReview",
        plural: "selfsubjectreviews",
        namespaced: false,
        answer: whoami,
    },
    Review { group: AUTHENTICATION, kind: "TokenReview", plural: "tokenreviews", namespaced: false, answer: token },
    Review {
        group: AUTHORIZATION,
        kind: "LocalSubjectAccessReview",
        plural: "localsubjectaccessreviews",
        namespaced: true,
        answer: access,
    },
    Review {
        group: AUTHORIZATION,
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        namespaced: false,
        answer: own_access,
    },
    Review {
        group: AUTHORIZATION,
        kind: "SelfSubjectRulesReview",
        plural: "selfsubjectrulesreviews",
        namespaced: false,
        answer: rules,
    },
    Review {
        group: AUTHORIZATION,
        kind: "SubjectAccessReview",
        plural: "subjectaccessreviews",
        namespaced: false,
        answer: access,
    },
];

/// All are in this version.
pub(crate) const VERSION: &str = "v1";

pub(crate) fn find(info: &RequestInfo) -> Option<&'static Review> {
    REVIEWS.iter().find(|review| {
        review.group == info.group
            && VERSION == info.version
            && review.plural == info.resource
            && review.namespaced == info.within
    })
}

pub(crate) async fn create(app: &App, call: &mut Call, review: &Review, request: Body) -> Result<Response<Body>, Status> {
    if call.info.verb != "create" || !call.info.name.is_empty() {
        return Err(response::no_such_method());
    }
    let bytes = body::read(request).await?;
    let mut asked = body::decode(call, review.kind, &bytes, &mut Vec::new())?;
    body::require_kind(&mut asked, review.kind, &format!("{}/{VERSION}", review.group))?;
    asked["status"] = (review.answer)(app, &call.caller, &asked["spec"]);
    if asked["metadata"].is_null() {
        asked["metadata"] = json!({});
    }
    call.reply(StatusCode::CREATED, &asked)
}

/// `UserInfo`.
pub(crate) fn user(identity: &Identity) -> Value {
    let mut user = json!({ "username": identity.name, "groups": identity.groups });
    if !identity.uid.is_empty() {
        user["uid"] = identity.uid.as_str().into();
    }
    if !identity.extra.is_empty() {
        user["extra"] = json!(identity.extra);
    }
    user
}

fn whoami(_: &App, caller: &Caller, _: &Value) -> Value {
    json!({ "userInfo": user(&caller.identity) })
}

fn token(app: &App, _: &Caller, spec: &Value) -> Value {
    match authentication::by_token(app, spec["token"].as_str().unwrap_or_default()) {
        Some(identity) => {
            let audience = authentication::service_account::ISSUER;
            json!({ "authenticated": true, "user": user(&identity), "audiences": [audience] })
        }
        None => json!({ "user": {}, "error": "invalid bearer token" }),
    }
}

fn own_access(_: &App, caller: &Caller, spec: &Value) -> Value {
    decision(caller, spec)
}

fn access(_: &App, _: &Caller, spec: &Value) -> Value {
    let mut identity = Identity { name: spec["user"].as_str().unwrap_or_default().to_owned(), ..Identity::default() };
    let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
    identity.groups = groups.map(str::to_owned).collect();
    decision(&Caller { identity: identity.into(), door: Door::Socket }, spec)
}

fn decision(caller: &Caller, spec: &Value) -> Value {
    let allowed = match spec["nonResourceAttributes"].as_object() {
        Some(asked) => {
            let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
            let info = RequestInfo { verb: known_verb(text("verb")), ..RequestInfo::default() };
            authorization::allowed(caller, &info, text("path"))
        }
        None => {
            let asked = &spec["resourceAttributes"];
            let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
            let info = RequestInfo {
                verb: known_verb(&text("verb")),
                group: text("group"),
                namespace: text("namespace"),
                resource: text("resource"),
                subresource: text("subresource"),
                name: text("name"),
                ..RequestInfo::default()
            };
            authorization::allowed(caller, &info, "")
        }
    };
    json!({ "allowed": allowed })
}

/// The rules look for these words only; any other is the same to them.
fn known_verb(verb: &str) -> &'static str {
    ["create", "get", "head"].into_iter().find(|known| *known == verb).unwrap_or("")
}

fn rules(_: &App, caller: &Caller, _: &Value) -> Value {
    let all = caller.identity.groups.iter().any(|group| group == "system:masters");
    let (resources, paths) = if all {
        (
            json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }]),
            json!([{ "verbs": ["*"], "nonResourceURLs": ["*"] }]),
        )
    } else {
        (
            json!([{ "verbs": ["create"], "apiGroups": [AUTHORIZATION], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"] },
                   { "verbs": ["create"], "apiGroups": [AUTHENTICATION], "resources": ["selfsubjectreviews"] }]),
            json!([{ "verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/healthz", "/livez", "/readyz", "/version"] }]),
        )
    };
    json!({ "resourceRules": resources, "nonResourceRules": paths, "incomplete": false })
}
