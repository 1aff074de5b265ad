//! The schemas of all kinds: `/openapi/v2`, `/openapi/v3` and one document per group and version, made when first asked for.

/// What `kubectl explain` prints.
mod descriptions;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use api::{Kind, Status, kinds::Kinds, openapi};
use axum::body::Body;
use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use parking_lot::Mutex;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    app::Call,
    discovery::{group_versions, hex},
    handlers::reviews,
    response,
};
use descriptions::describe;

/// What was made so far, for the kinds that are served.
#[derive(Default)]
pub(crate) struct OpenApi {
    /// Groups without custom kinds, by path: they stay as they are.
    built_in: Mutex<BTreeMap<String, Arc<Document>>>,
    made: Mutex<Arc<Made>>,
}

#[derive(Default)]
struct Made {
    kinds: Arc<Kinds>,
    v2: OnceLock<Document>,
    v2_protobuf: OnceLock<Document>,
    /// By path: `api/v1`, `apis/apps/v1`.
    v3: OnceLock<BTreeMap<String, Arc<Document>>>,
}

struct Document {
    body: Bytes,
    hash: String,
}

impl Document {
    fn new(body: Vec<u8>) -> Self {
        let hash = hex(&Sha256::digest(&body));
        Self { body: body.into(), hash }
    }
}

impl OpenApi {
    /// `segments` is the path below `/openapi`.
    pub(crate) fn serve(&self, kinds: &Arc<Kinds>, call: &Call, segments: &[&str]) -> Result<Response<Body>, Status> {
        let made = self.made(kinds);
        match segments {
            ["v2"] => Ok(made.v2(call)),
            ["v3"] => {
                let paths: BTreeMap<&str, _> = self
                    .v3(&made)
                    .iter()
                    .map(|(path, document)| {
                        let url = format!("/openapi/v3/{path}?hash={}", document.hash);
                        (path.as_str(), json!({ "serverRelativeURL": url }))
                    })
                    .collect();
                call.reply(StatusCode::OK, &json!({ "paths": paths }))
            }
            ["v3", path @ ..] => {
                let document = self.v3(&made).get(&path.join("/")).ok_or_else(response::no_such_path)?;
                let mut answer = send(call, document, "application/json");
                if call.query.get("hash") == document.hash {
                    let forever = HeaderValue::from_static("public, immutable, max-age=31536000");
                    answer.headers_mut().insert(CACHE_CONTROL, forever);
                }
                Ok(answer)
            }
            _ => Err(response::no_such_path()),
        }
    }

    fn made(&self, kinds: &Arc<Kinds>) -> Arc<Made> {
        let mut made = self.made.lock();
        if !Arc::ptr_eq(&made.kinds, kinds) {
            *made = Arc::new(Made { kinds: Arc::clone(kinds), ..Made::default() });
        }
        Arc::clone(&made)
    }

    fn v3<'a>(&self, made: &'a Made) -> &'a BTreeMap<String, Arc<Document>> {
        made.v3.get_or_init(|| {
            let rows = made.rows();
            let document = |(group, version): (&str, &str)| {
                let path = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
                let make =
                    || Arc::new(Document::new(openapi::v3_group(&rows, group, version, &describe).to_string().into_bytes()));
                let document = match made.kinds.custom().any(|kind| kind.group() == group) {
                    true => make(),
                    false => Arc::clone(self.built_in.lock().entry(path.clone()).or_insert_with(make)),
                };
                (path, document)
            };
            group_versions(&made.kinds).into_iter().map(document).collect()
        })
    }
}

impl Made {
    fn rows(&self) -> Vec<&Kind> {
        self.kinds.all().chain(reviews::kinds()).collect()
    }

    fn v2(&self, call: &Call) -> Response<Body> {
        let wants = call.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        if wants.contains("proto-openapi.spec.v2") {
            let make = || Document::new(openapi::v2_protobuf(&openapi::v2(&self.rows(), &describe)));
            return send(call, self.v2_protobuf.get_or_init(make), openapi::V2_PROTOBUF);
        }
        let make = || Document::new(openapi::v2(&self.rows(), &describe).to_string().into_bytes());
        send(call, self.v2.get_or_init(make), "application/json")
    }
}

fn send(call: &Call, document: &Document, content_type: &'static str) -> Response<Body> {
    let etag = HeaderValue::from_str(&format!("\"{}\"", document.hash)).expect("a hash is hexadecimal");
    let mut answer = match call.headers.get(IF_NONE_MATCH) == Some(&etag) {
        true => response::bytes(StatusCode::NOT_MODIFIED, content_type, Body::empty()),
        false => response::bytes(StatusCode::OK, content_type, document.body.clone()),
    };
    answer.headers_mut().insert(ETAG, etag);
    answer
}
