//! Events as one client reads them: a line of JSON or a frame of protobuf each, in the form and version that it asked for.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use api::{Object, Revision, Status};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use super::{super::render, INITIAL_EVENTS_END};
use crate::{
    app::Row,
    negotiation::{Encoding, Form},
    table,
};

/// The form in which one client reads objects.
pub(super) struct Encoder {
    pub(super) row: Row,
    pub(super) encoding: Encoding,
    pub(super) form: Form,
    pub(super) include: table::Include,
    /// The columns of a Table were said; they are said once.
    pub(super) headed: AtomicBool,
}

/// Initial events travel in frames of about this size.
const CHUNK: usize = 64 * 1024;

impl Encoder {
    pub(super) fn object(&self, object: &Arc<Object>) -> Bytes {
        let value = match self.form {
            Form::Whole | Form::Discovery(_) => return render::in_version(self.row, object),
            Form::Metadata(version) => table::metadata_only(version, &object.value()),
            Form::Table(version) => {
                let meta = json!({ "resourceVersion": object.revision.to_string() });
                self.headed_once(table::table(version, self.row, std::slice::from_ref(object), self.include, &meta))
            }
        };
        serde_json::to_vec(&value).expect("a Value is JSON").into()
    }

    /// `table` without its columns, unless it is the first.
    fn headed_once(&self, mut table: Value) -> Value {
        if self.headed.swap(true, Ordering::Relaxed) {
            table["columnDefinitions"] = Value::Null;
        }
        table
    }

    pub(super) fn initial<'a>(&self, objects: impl Iterator<Item = &'a Arc<Object>>) -> VecDeque<Bytes> {
        let mut chunks = VecDeque::new();
        let mut chunk = BytesMut::new();
        for object in objects {
            self.append(&mut chunk, "ADDED", &self.object(object));
            if chunk.len() > CHUNK {
                chunks.push_back(std::mem::take(&mut chunk).freeze());
            }
        }
        if !chunk.is_empty() {
            chunks.push_back(chunk.freeze());
        }
        chunks
    }

    pub(super) fn bookmark(&self, revision: Revision, end_of_initial: bool) -> Bytes {
        let mut metadata = json!({ "resourceVersion": revision.to_string(), "creationTimestamp": null });
        if end_of_initial {
            metadata["annotations"] = json!({ INITIAL_EVENTS_END: "true" });
        }
        let (kind, api_version) = match self.form {
            Form::Whole | Form::Discovery(_) => (self.row.kind.kind, self.row.version.api_version()),
            Form::Metadata(version) => ("PartialObjectMetadata", format!("meta.k8s.io/{version}")),
            Form::Table(version) => {
                let meta = json!({ "resourceVersion": revision.to_string() });
                let mut table: Value = table::table(version, self.row, &[], self.include, &meta);
                let partial = table::metadata_only(version, &json!({ "metadata": metadata }));
                table["rows"] = json!([{ "cells": [], "object": partial }]);
                return self.frame("BOOKMARK", self.headed_once(table).to_string().as_bytes());
            }
        };
        let object = json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata });
        self.frame("BOOKMARK", object.to_string().as_bytes())
    }

    pub(super) fn too_old(&self, wanted: Revision, oldest: Revision) -> Bytes {
        self.error_event(&Status::expired(format!("too old resource version: {wanted} ({oldest})")))
    }

    pub(super) fn error_event(&self, status: &Status) -> Bytes {
        self.frame("ERROR", &serde_json::to_vec(&status.to_json()).expect("a Status is plain data"))
    }

    fn frame(&self, kind: &str, object: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(object.len() + 32);
        self.append(&mut out, kind, object);
        out.freeze()
    }

    /// `object` is JSON.
    pub(super) fn append(&self, out: &mut BytesMut, kind: &str, object: &[u8]) {
        if self.encoding == Encoding::Protobuf {
            let value: Value = serde_json::from_slice(object).expect("what the server encoded is JSON");
            let body = api::protobuf::encode_object(&value).expect("stored kinds and Status have protobuf");
            out.extend_from_slice(&api::protobuf::watch_frame(kind, &body));
            return;
        }
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"object\":");
        out.extend_from_slice(object);
        out.extend_from_slice(b"}\n");
    }
}
