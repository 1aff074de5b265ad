//! Objects and lists in the form that was asked for: whole, as a Table, metadata only; in the version that was asked for.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use api::{Object, Revision, Status};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use serde_json::{Value, json};

use crate::{
    app::{Call, Row},
    negotiation::{Encoding, Form},
    response, table,
};

/// The revision of an object that a dry run would have created: clients see none.
pub(crate) const DRY_RUN: Revision = Revision(0);

/// What a list says beside its items.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListMeta {
    pub(crate) revision: u64,
    pub(crate) next: Option<String>,
    pub(crate) remaining: Option<usize>,
}

impl ListMeta {
    pub(crate) fn to_json(&self) -> Value {
        let mut meta = json!({ "resourceVersion": self.revision.to_string() });
        if let Some(next) = &self.next {
            meta["continue"] = next.as_str().into();
        }
        if let Some(remaining) = self.remaining {
            meta["remainingItemCount"] = remaining.into();
        }
        meta
    }
}

/// The object's JSON in `row`'s version; the stored bytes themselves when that is the hub.
pub(crate) fn in_version(row: Row, object: &Object) -> Bytes {
    if row.is_hub() && object.revision != DRY_RUN {
        return object.bytes.clone();
    }
    serde_json::to_vec(&value_in_version(row, object)).expect("a Value is JSON").into()
}

pub(crate) fn value_in_version(row: Row, object: &Object) -> Value {
    let mut value = object.value();
    if object.revision == DRY_RUN {
        value["metadata"].as_object_mut().map(|metadata| metadata.remove("resourceVersion"));
    }
    if !row.is_hub() {
        (row.version.from_hub)(&mut value);
        value["apiVersion"] = row.version.api_version().into();
        value["kind"] = row.kind.kind.into();
    }
    value
}

pub(crate) fn object(call: &Call, row: Row, code: StatusCode, object: &Arc<Object>) -> Result<Response<Body>, Status> {
    let accept = call.accept(row.offers())?;
    Ok(match accept.form {
        Form::Table(version) => {
            let meta = json!({ "resourceVersion": object.revision.to_string() });
            let table = table::table(version, row, std::slice::from_ref(object), table::Include::of(call)?, &meta);
            response::document(code, &table, accept.encoding, call.pretty())
        }
        Form::Metadata(version) => {
            response::document(code, &table::metadata_only(version, &object.value()), accept.encoding, call.pretty())
        }
        Form::Whole | Form::Discovery(_) => {
            response::encoded(code, &in_version(row, object), accept.encoding, call.pretty())
        }
    })
}

pub(crate) fn list(call: &Call, row: Row, objects: Vec<Arc<Object>>, meta: &ListMeta) -> Result<Response<Body>, Status> {
    let accept = call.accept(row.offers())?;
    let document = match accept.form {
        Form::Table(version) => table::table(version, row, &objects, table::Include::of(call)?, &meta.to_json()),
        Form::Metadata(version) => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": format!("meta.k8s.io/{version}"),
            "metadata": meta.to_json(),
            "items": objects.iter().map(|object| table::metadata_only(version, &object.value())).collect::<Vec<_>>(),
        }),
        Form::Whole | Form::Discovery(_) if accept.encoding == Encoding::Json && !call.pretty() => {
            return Ok(response::json(StatusCode::OK, Body::new(ListBody::new(row, objects, meta))));
        }
        Form::Whole | Form::Discovery(_) => json!({
            "kind": row.kind.list_kind(),
            "apiVersion": row.version.api_version(),
            "metadata": meta.to_json(),
            "items": objects.iter().map(|object| value_in_version(row, object)).collect::<Vec<_>>(),
        }),
    };
    Ok(response::document(StatusCode::OK, &document, accept.encoding, call.pretty()))
}

/// A list as the concatenation of its objects' bytes, copied together a chunk at a time: one frame per object would cost a
/// TLS record each.
struct ListBody {
    items: vec::IntoIter<Bytes>,
    head: Option<Bytes>,
    first: bool,
    left: u64,
}

const CHUNK: usize = 128 * 1024;
const END: &[u8] = b"]}";

impl ListBody {
    fn new(row: Row, objects: Vec<Arc<Object>>, meta: &ListMeta) -> Self {
        let head = format!(
            "{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":{},\"items\":[",
            row.kind.list_kind(),
            row.version.api_version(),
            meta.to_json()
        );
        let items: Vec<Bytes> = objects.iter().map(|object| in_version(row, object)).collect();
        let commas = items.len().saturating_sub(1);
        let left = head.len() + items.iter().map(Bytes::len).sum::<usize>() + commas + END.len();
        Self { items: items.into_iter(), head: Some(head.into()), first: true, left: left as u64 }
    }

    fn chunk(&mut self) -> Bytes {
        let mut chunk = BytesMut::with_capacity(CHUNK.min(self.left as usize));
        if let Some(head) = self.head.take() {
            chunk.extend_from_slice(&head);
        }
        while chunk.len() < CHUNK {
            let Some(item) = self.items.next() else {
                chunk.extend_from_slice(END);
                break;
            };
            if !std::mem::take(&mut self.first) {
                chunk.extend_from_slice(b",");
            }
            chunk.extend_from_slice(&item);
        }
        self.left -= chunk.len() as u64;
        chunk.freeze()
    }
}

impl http_body::Body for ListBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.chunk()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
