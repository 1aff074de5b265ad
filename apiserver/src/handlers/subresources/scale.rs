//! `autoscaling/v1 Scale`: the number of replicas, the same for every kind that has one.

use api::{
    Object, Status, field,
    kind::{Serves, Subresource},
    selector::LabelSelector,
};
use axum::body::Body;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};
use store::Expect;

use super::super::{
    body,
    managed::{Author, Tracking},
    patch::{Patch, Target},
    render,
    update::expected,
    write::{self, Part},
};
use crate::{
    admission,
    app::{App, Call, Row},
    custom::convert,
};

const GROUP: &str = "autoscaling";
const SCHEMA: &str = "io.k8s.api.autoscaling.v1.Scale";

pub(super) async fn serve(
    app: &App,
    call: &mut Call,
    row: Row,
    subresource: &'static Subresource,
    request: Body,
) -> Result<Response<Body>, Status> {
    let key = row.key(&call.info);
    let object = match call.method {
        Method::PATCH => {
            let target =
                Target { schema: api::schema::find(SCHEMA), group: GROUP, version: "v1", kind: "Scale", custom: None };
            let patch = Patch::read(call, target, request).await?;
            let author = Author::of(call);
            let edit = |current: &Object, old: &Value, warnings: &mut Vec<String>| {
                let wanted = match &patch {
                    Patch::Merge(patch) => patch.apply(target, &scale(subresource, old), warnings)?,
                    Patch::Apply(config) => config.clone(),
                };
                write::meets(row, current, &expect(&wanted)?)?;
                let next = replicas(row, subresource, old, &wanted)?;
                if matches!(patch, Patch::Merge(_)) {
                    return Ok(next);
                }
                // the same said of the whole object, of which a Scale is a view
                let live = render::value_in_version(row, current);
                let config = part(row, subresource, &wanted);
                let mut applied = author.apply(row, Some(&live), &config)?;
                write::to_hub(row, &mut applied);
                Ok(applied)
            };
            if let Some(current) = app.store.get(row.kind, &key) {
                let current = convert::read(app, row, current).await?;
                let before = scale(subresource, &current.value());
                let mut wanted = match &patch {
                    Patch::Merge(patch) => patch.apply(target, &before, &mut Vec::new())?,
                    Patch::Apply(config) => config.clone(),
                };
                admission::subresource(app, call, row, Some(&before), &mut wanted).await?;
            }
            write::change(app, call, row, (&key, Part::Main, patch.tracking(), &Expect::default()), edit).await?
        }
        Method::PUT => {
            let bytes = body::read(request).await?;
            let mut wanted = body::decode(call, "Scale", &bytes, &mut Vec::new())?;
            body::require_kind(&mut wanted, "Scale", "autoscaling/v1")?;
            if let Some(current) = app.store.get(row.kind, &key) {
                let current = convert::read(app, row, current).await?;
                let before = scale(subresource, &current.value());
                admission::subresource(app, call, row, Some(&before), &mut wanted).await?;
            }
            let edit = |_: &Object, old: &Value, _: &mut Vec<String>| replicas(row, subresource, old, &wanted);
            write::change(app, call, row, (&key, Part::Main, Tracking::Update, &expect(&wanted)?), edit).await?
        }
        _ => {
            let object = app.store.get(row.kind, &key).ok_or_else(|| Status::not_found(row.kind, &key.name))?;
            convert::read(app, row, object).await?
        }
    };
    call.reply(StatusCode::OK, &scale(subresource, &object.value()))
}

/// The part of the whole object that a Scale speaks of.
fn part(row: Row, subresource: &Subresource, wanted: &Value) -> Value {
    let mut part = json!({
        "apiVersion": row.version.api_version(), "kind": row.kind.kind,
        "metadata": { "name": wanted["metadata"]["name"], "namespace": wanted["metadata"]["namespace"] },
    });
    if let (Serves::Scale { replicas, .. }, Some(count)) = (subresource.serves, wanted["spec"].get("replicas")) {
        let mut at = &mut part;
        for name in replicas.trim_start_matches('/').split('/') {
            at = &mut at[name];
        }
        *at = count.clone();
    }
    part
}

fn expect(wanted: &Value) -> Result<Expect, Status> {
    Ok(Expect { revision: expected(wanted)?, uid: wanted["metadata"]["uid"].as_str().map(Into::into) })
}

/// `old` with the replicas that `wanted` asks for.
fn replicas(row: Row, subresource: &Subresource, old: &Value, wanted: &Value) -> Result<Value, Status> {
    let Serves::Scale { replicas, .. } = subresource.serves else { return Ok(old.clone()) };
    let count = wanted["spec"]["replicas"].as_i64().unwrap_or(0);
    if count < 0 {
        let name = old["metadata"]["name"].as_str().unwrap_or_default();
        let why = "must be greater than or equal to 0";
        return Err(Status::invalid(row.kind, name, &[field::Error::invalid("spec.replicas", count, why)]));
    }
    let mut next = old.clone();
    let mut at = &mut next;
    for name in replicas.trim_start_matches('/').split('/') {
        at = &mut at[name];
    }
    *at = count.into();
    Ok(next)
}

fn scale(subresource: &Subresource, object: &Value) -> Value {
    let Serves::Scale { replicas, status_replicas, selector } = subresource.serves else { return Value::Null };
    let count = |at: &str| object.pointer(at).and_then(Value::as_i64).unwrap_or(0);
    // a custom kind may have none
    let place = Some(selector).filter(|place| !place.is_empty());
    let selector = place.and_then(|place| object.pointer(place)).filter(|selector| !selector.is_null());
    let selector = selector.map(|selector| {
        // a custom kind has it written out
        if let Some(text) = selector.as_str() {
            return text.to_owned();
        }
        let structured = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
        if structured { LabelSelector::of(selector) } else { LabelSelector::of_map(selector) }.to_string()
    });
    let metadata = &object["metadata"];
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": { "replicas": count(replicas) },
        "status": { "replicas": count(status_replicas) },
    });
    if let Some(selector) = selector {
        scale["status"]["selector"] = selector.into();
    }
    scale
}
