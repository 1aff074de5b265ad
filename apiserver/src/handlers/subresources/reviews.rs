//! Questions about identities and rights, answered at once and never stored: one row each.

use api::{Identity, Status, field};
use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::super::body;
use crate::{
    app::{App, Call},
    authentication,
    authorization::{self, Decision, rbac::rule::Rule},
    request_info::RequestInfo,
    response,
};

/// A kind that can only be created. It has a place in discovery like any other.
pub(crate) struct Review {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    answer: fn(&App, &Call, &Value) -> Result<Value, Status>,
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
        answer: local_access,
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
    asked["status"] = (review.answer)(app, call, &asked["spec"])?;
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

fn whoami(_: &App, call: &Call, _: &Value) -> Result<Value, Status> {
    Ok(json!({ "userInfo": user(&call.caller.identity) }))
}

fn token(app: &App, _: &Call, spec: &Value) -> Result<Value, Status> {
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let asked = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut audiences: Vec<String> = asked.map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.extend(authentication::service_account::api_audiences());
    }
    Ok(match authentication::by_token(app, token, &audiences) {
        Ok(verified) => {
            json!({ "authenticated": true, "user": user(&verified.identity), "audiences": verified.audiences })
        }
        Err(why) => json!({ "user": {}, "error": format!("[invalid bearer token, {why}]") }),
    })
}

fn own_access(app: &App, call: &Call, spec: &Value) -> Result<Value, Status> {
    complain("SelfSubjectAccessReview", attributes(spec))?;
    Ok(decision(app, &call.caller.identity, spec))
}

fn access(app: &App, _: &Call, spec: &Value) -> Result<Value, Status> {
    subject_access("SubjectAccessReview", app, spec)
}

fn local_access(app: &App, call: &Call, spec: &Value) -> Result<Value, Status> {
    let (asked, own) = (&spec["resourceAttributes"]["namespace"], &call.info.namespace);
    if asked.as_str() != Some(own) {
        let said = asked.as_str().unwrap_or_default();
        return Err(Status::bad_request(format!("spec.resourceAttributes.namespace must match namespace: {said}")));
    }
    subject_access("LocalSubjectAccessReview", app, spec)
}

fn subject_access(kind: &str, app: &App, spec: &Value) -> Result<Value, Status> {
    let mut errors = attributes(spec);
    let name = spec["user"].as_str().unwrap_or_default().to_owned();
    let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let groups: Vec<String> = groups.map(str::to_owned).collect();
    if name.is_empty() && groups.is_empty() {
        errors.push(field::Error::invalid("spec.user", "", "at least one of user or group must be specified"));
    }
    complain(kind, errors)?;
    Ok(decision(app, &Identity { name, groups, ..Identity::default() }, spec))
}

/// Upstream's pkg/apis/authorization/validation/validation.go
fn attributes(spec: &Value) -> Vec<field::Error> {
    match (spec["resourceAttributes"].is_null(), spec["nonResourceAttributes"].is_null()) {
        (true, true) => {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            vec![field::Error::invalid("spec.resourceAttributes", Value::Null, detail)]
        }
        (false, false) => {
            let detail = "cannot be specified in combination with resourceAttributes";
            vec![field::Error::invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"].clone(), detail)]
        }
        _ => Vec::new(),
    }
}

fn complain(kind: &str, errors: Vec<field::Error>) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = errors.iter().map(field::Error::to_string).collect();
    let words = if let [one] = words.as_slice() { one.clone() } else { format!("[{}]", words.join(", ")) };
    Err(Status::failure(422, "Invalid", format!("{kind}.{AUTHORIZATION} \"\" is invalid: {words}")))
}

fn decision(app: &App, identity: &Identity, spec: &Value) -> Value {
    let text = |asked: &Value, name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let (verb, info, path) = match &spec["nonResourceAttributes"] {
        Value::Null => {
            let asked = &spec["resourceAttributes"];
            let info = RequestInfo {
                group: text(asked, "group"),
                namespace: text(asked, "namespace"),
                resource: text(asked, "resource"),
                subresource: text(asked, "subresource"),
                name: text(asked, "name"),
                ..RequestInfo::default()
            };
            (text(asked, "verb"), info, String::new())
        }
        asked => (text(asked, "verb"), RequestInfo::default(), text(asked, "path")),
    };
    let Decision { allowed, reason } = authorization::decide(app, identity, &verb, &info, &path);
    let mut status = json!({ "allowed": allowed });
    if !reason.is_empty() {
        status["reason"] = reason.into();
    }
    status
}

fn rules(app: &App, call: &Call, spec: &Value) -> Result<Value, Status> {
    let namespace = spec["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let identity = &call.caller.identity;
    let index = app.rbac.index(&app.store);
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    if authorization::is_master(identity) {
        resources.push(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }));
        paths.push(json!({ "verbs": ["*"], "nonResourceURLs": ["*"] }));
    }
    for held in index.held(identity, namespace) {
        let Rule { api_groups, resources: named, urls, resource_names, verbs } = held.rule;
        if urls.is_empty() {
            let mut rule = json!({ "verbs": verbs, "apiGroups": api_groups, "resources": named });
            if !resource_names.is_empty() {
                rule["resourceNames"] = json!(resource_names);
            }
            resources.push(rule);
        } else {
            paths.push(json!({ "verbs": verbs, "nonResourceURLs": urls }));
        }
    }
    Ok(json!({ "resourceRules": resources, "nonResourceRules": paths, "incomplete": false }))
}
