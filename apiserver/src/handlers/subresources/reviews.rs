//! Questions about identities and rights, answered at once and never stored: one row each.

use api::{Identity, Kind, Status, field, kind::Version};
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

/// A kind that can only be created. It has a place in discovery and OpenAPI like any other.
pub(crate) struct Review {
    pub(crate) kind: Kind,
    answer: fn(&App, &Call, &Value) -> Result<Value, Status>,
}

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

static REVIEWS: &[Review] = &[
    Review {
        kind: Kind {
            kind: "SelfSubjectReview",
            plural: "selfsubjectreviews",
            versions: &[Version::hub(AUTHENTICATION, "v1", "io.k8s.api.authentication.v1.SelfSubjectReview")],
            verbs: &["create"],
            ..Kind::CLUSTER
        },
        answer: whoami,
    },
    Review {
        kind: Kind {
            kind: "TokenReview",
            plural: "tokenreviews",
            versions: &[Version::hub(AUTHENTICATION, "v1", "io.k8s.api.authentication.v1.TokenReview")],
            verbs: &["create"],
            ..Kind::CLUSTER
        },
        answer: token,
    },
    Review {
        kind: Kind {
            kind: "LocalSubjectAccessReview",
            plural: "localsubjectaccessreviews",
            versions: &[Version::hub(AUTHORIZATION, "v1", "io.k8s.api.authorization.v1.LocalSubjectAccessReview")],
            verbs: &["create"],
            ..Kind::NAMESPACED
        },
        answer: local_access,
    },
    Review {
        kind: Kind {
            kind: "SelfSubjectAccessReview",
            plural: "selfsubjectaccessreviews",
            versions: &[Version::hub(AUTHORIZATION, "v1", "io.k8s.api.authorization.v1.SelfSubjectAccessReview")],
            verbs: &["create"],
            ..Kind::CLUSTER
        },
        answer: own_access,
    },
    Review {
        kind: Kind {
            kind: "SelfSubjectRulesReview",
            plural: "selfsubjectrulesreviews",
            versions: &[Version::hub(AUTHORIZATION, "v1", "io.k8s.api.authorization.v1.SelfSubjectRulesReview")],
            verbs: &["create"],
            ..Kind::CLUSTER
        },
        answer: rules,
    },
    Review {
        kind: Kind {
            kind: "SubjectAccessReview",
            plural: "subjectaccessreviews",
            versions: &[Version::hub(AUTHORIZATION, "v1", "io.k8s.api.authorization.v1.SubjectAccessReview")],
            verbs: &["create"],
            ..Kind::CLUSTER
        },
        answer: access,
    },
];

/// The rows of all.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    REVIEWS.iter().map(|review| &review.kind)
}

pub(crate) fn find(info: &RequestInfo) -> Option<&'static Review> {
    REVIEWS.iter().find(|Review { kind, .. }| {
        kind.group() == info.group
            && kind.hub().version == info.version
            && kind.plural == info.resource
            && kind.namespaced == info.within
    })
}

pub(crate) async fn create(app: &App, call: &mut Call, review: &Review, request: Body) -> Result<Response<Body>, Status> {
    if call.info.verb != "create" || !call.info.name.is_empty() {
        return Err(response::no_such_method());
    }
    let bytes = body::read(request).await?;
    let mut asked = body::decode(call, review.kind.kind, &bytes, &mut Vec::new())?;
    body::require_kind(&mut asked, review.kind.kind, &review.kind.hub().api_version())?;
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
