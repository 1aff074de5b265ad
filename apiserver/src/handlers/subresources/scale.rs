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
    patch::Patch,
    update::expected,
    write::{self, Part},
};
use crate::{
    admission,
    app::{App, Call, Row},
};

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
            let patch = Patch::read(call, request).await?;
            let schema = api::schema::find("io.k8s.api.autoscaling.v1.Scale");
            let edit = |current: &Object, old: &Value, _: &mut Vec<String>| {
                let wanted = patch.apply(schema, &scale(subresource, old))?;
                write::meets(row, current, &expect(&wanted)?)?;
                replicas(row, subresource, old, &wanted)
            };
            if let Some(current) = app.store.get(row.kind, &key) {
                let before = scale(subresource, &current.value());
                admission::subresource(app, call, row, Some(&before), &mut patch.apply(schema, &before)?).await?;
            }
            write::change(app, call, row, (&key, Part::Main, &Expect::default()), edit).await?
        }
        Method::PUT => {
            let bytes = body::read(request).await?;
            let mut wanted = body::decode(call, "Scale", &bytes, &mut Vec::new())?;
            body::require_kind(&mut wanted, "Scale", "autoscaling/v1")?;
            if let Some(current) = app.store.get(row.kind, &key) {
                let before = scale(subresource, &current.value());
                admission::subresource(app, call, row, Some(&before), &mut wanted).await?;
            }
            let edit = |_: &Object, old: &Value, _: &mut Vec<String>| replicas(row, subresource, old, &wanted);
            write::change(app, call, row, (&key, Part::Main, &expect(&wanted)?), edit).await?
        }
        _ => app.store.get(row.kind, &key).ok_or_else(|| Status::not_found(row.kind, &key.name))?,
    };
    call.reply(StatusCode::OK, &scale(subresource, &object.value()))
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
    let (parent, name) = replicas.rsplit_once('/').unwrap_or_default();
    if let Some(parent) = next.pointer_mut(parent) {
        parent[name] = count.into();
    }
    Ok(next)
}

fn scale(subresource: &Subresource, object: &Value) -> Value {
    let Serves::Scale { replicas, status_replicas, selector } = subresource.serves else { return Value::Null };
    let count = |at: &str| object.pointer(at).and_then(Value::as_i64).unwrap_or(0);
    let selector = object.pointer(selector).filter(|selector| !selector.is_null()).map(|selector| {
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
