//! `Binding`: the scheduler's decision.

use api::{Object, Status, field};
use axum::body::Body;
use http::Response;
use serde_json::{Value, json};
use store::Expect;

use super::super::{
    body,
    managed::Tracking,
    metadata,
    write::{self, Part},
};
use crate::{
    admission,
    app::{App, Call, Row},
};

pub(super) async fn create(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    let mut binding = body::decode(call, "Binding", &bytes, &mut Vec::new())?;
    body::require_kind(&mut binding, "Binding", "v1")?;
    admission::subresource(app, call, row, None, &mut binding).await?;
    let key = row.key(&call.info);
    let expect = Expect { revision: None, uid: binding["metadata"]["uid"].as_str().map(Into::into) };
    let edit = |_: &Object, old: &Value, _: &mut Vec<String>| bound(row, old, &binding);
    write::change(app, call, row, (&key, Part::Server, Tracking::Off, &expect), edit).await?;
    super::success(call)
}

/// `old` on the node that `binding` names.
fn bound(row: Row, old: &Value, binding: &Value) -> Result<Value, Status> {
    let name = old["metadata"]["name"].as_str().unwrap_or_default();
    let refuse = |why: String| Err(Status::conflict(row.kind, name, &why));
    let node = binding["target"]["name"].as_str().unwrap_or_default();
    if node.is_empty() {
        return Err(Status::invalid(row.kind, name, &[field::Error::required("target.name", "")]));
    }
    if !old["metadata"]["deletionTimestamp"].is_null() {
        return refuse(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    match old["spec"]["nodeName"].as_str() {
        None | Some("") => {}
        Some(taken) => return refuse(format!("pod {name} is already assigned to node {taken:?}")),
    }
    let mut next = old.clone();
    next["spec"]["nodeName"] = node.into();
    for (key, value) in binding["metadata"]["annotations"].as_object().into_iter().flatten() {
        next["metadata"]["annotations"][key] = value.clone();
    }
    let condition = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": metadata::now().to_string(),
    });
    let mut conditions = old["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.retain(|known| known["type"] != "PodScheduled");
    conditions.push(condition);
    next["status"]["conditions"] = conditions.into();
    Ok(next)
}
