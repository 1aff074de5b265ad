//! Subresources that write one part of the spec: finalizers of a namespace, ephemeral containers, resources of containers.

use api::Status;
use axum::body::Body;
use http::{Method, Response, StatusCode};
use serde_json::Value;
use store::Expect;

use super::super::{
    body,
    managed::{Author, Tracking, take_over},
    metadata,
    patch::{Patch, Target},
    render,
    update::expected,
    write::{self, Part},
};
use crate::app::{App, Call, Row};

/// Takes over from the second what the subresource is about.
type Merge = fn(&mut Value, &mut Value);

pub(super) async fn finalizers(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    write_part(app, call, row, request, |next, said| next["spec"]["finalizers"] = said["spec"]["finalizers"].take()).await
}

pub(super) async fn ephemeral_containers(
    app: &App,
    call: &mut Call,
    row: Row,
    request: Body,
) -> Result<Response<Body>, Status> {
    let merge: Merge = |next, said| {
        if !said["spec"]["ephemeralContainers"].is_null() {
            next["spec"]["ephemeralContainers"] = said["spec"]["ephemeralContainers"].take();
        }
    };
    write_part(app, call, row, request, merge).await
}

pub(super) async fn resources(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let merge: Merge = |next, said| {
        for container in next["spec"]["containers"].as_array_mut().into_iter().flatten() {
            let said = said["spec"]["containers"].as_array_mut().into_iter().flatten();
            if let Some(same) = said.into_iter().find(|other| other["name"] == container["name"]) {
                container["resources"] = same["resources"].take();
            }
        }
    };
    write_part(app, call, row, request, merge).await
}

async fn write_part(app: &App, call: &mut Call, row: Row, request: Body, merge: Merge) -> Result<Response<Body>, Status> {
    let info = call.info.clone();
    let key = row.key(&info);
    let object = if call.method == Method::PATCH {
        let target = Target::of(row);
        let patch = Patch::read(call, target, request).await?;
        let author = Author::of(call);
        let edit = |current: &api::Object, old: &Value, warnings: &mut Vec<String>| {
            let live = render::value_in_version(row, current);
            let mut said = match &patch {
                Patch::Merge(patch) => patch.apply(target, &live, warnings)?,
                Patch::Apply(config) => author.apply(row, Some(&live), config)?,
            };
            write::meets(row, current, &Expect { revision: expected(&said)?, uid: None })?;
            let mut next = old.clone();
            merge(&mut next, &mut said);
            take_over(&mut next, &mut said);
            Ok(next)
        };
        write::change(app, call, row, (&key, Part::Server, patch.tracking(), &Expect::default()), edit).await?
    } else {
        let bytes = body::read(request).await?;
        let mut value = body::object(call, row, &bytes)?;
        metadata::place(row.kind, &info, &mut value)?;
        let expect = Expect { revision: expected(&value)?, uid: None };
        let edit = |_: &api::Object, old: &Value, _: &mut Vec<String>| {
            let mut next = old.clone();
            merge(&mut next, &mut value.clone());
            Ok(next)
        };
        write::change(app, call, row, (&key, Part::Server, Tracking::Update, &expect), edit).await?
    };
    render::object(call, row, StatusCode::OK, &object)
}
