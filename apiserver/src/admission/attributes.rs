//! What admission is asked about: one write, or one connection.

use api::{
    GroupVersionKind, Kind, Status,
    kind::Subresource,
    kinds,
    schema::{self, Container, FieldType},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::{quota::Reservation, webhooks::Reinvocation};
use crate::{
    app::{App, Call, Row},
    handlers::delete::DeleteOptions,
    options::DryRun,
};

/// What a plugin knows about a request, beside the object.
pub(crate) struct Attributes<'a> {
    pub(crate) app: &'a App,
    pub(crate) call: &'a Call,
    pub(crate) row: Row,
    pub(crate) operation: Operation,
    /// The stored object, hub version; of a subresource with a body of its own, that body as it was.
    pub(crate) old: Option<&'a Value>,
    pub(crate) delete: Option<&'a DeleteOptions>,
    pub(crate) reinvocation: Mutex<Reinvocation>,
    /// What the write uses of quotas, held until it is done.
    pub(crate) reservations: Mutex<Vec<Reservation>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As rules and reviews say it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(app: &'a App, call: &'a Call, row: Row, operation: Operation) -> Self {
        Self {
            app,
            call,
            row,
            operation,
            old: None,
            delete: None,
            reinvocation: Mutex::default(),
            reservations: Mutex::default(),
        }
    }

    /// Whether the request is about whole objects of `kind`.
    pub(crate) fn is_for(&self, kind: &'static Kind) -> bool {
        std::ptr::eq(self.row.kind, kind) && self.call.info.subresource.is_empty()
    }

    pub(crate) fn creates(&self, kind: &'static Kind) -> bool {
        self.operation == Operation::Create && self.is_for(kind)
    }

    /// Whether a pod's containers are given other resources.
    pub(crate) fn is_resize(&self) -> bool {
        self.operation == Operation::Update
            && std::ptr::eq(self.row.kind, &kinds::POD)
            && self.call.info.subresource == "resize"
    }

    /// Empty for what lives outside namespaces; a namespace lives in itself.
    pub(crate) fn namespace(&self) -> &str {
        &self.call.info.namespace
    }

    /// The object's name; a collection's request does not say it, the object does.
    pub(crate) fn name<'v>(&'v self, value: &'v Value) -> &'v str {
        let of = |value: &'v Value| value["metadata"]["name"].as_str().unwrap_or_default();
        [self.call.info.name.as_str(), of(value), self.old.map_or("", of)]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or("")
    }

    pub(crate) fn dry_run(&self) -> bool {
        // A wrong word in the query was refused before.
        let asked = self.call.query.dry_run() == DryRun::All;
        asked || self.delete.is_some_and(DeleteOptions::is_dry_run)
    }

    /// Sent to the client, also when the request is refused.
    pub(crate) fn warn(&self, warning: String) {
        self.call.admission_warnings.lock().push(warning);
    }

    /// The 403 of a plugin that minds.
    pub(crate) fn forbidden(&self, value: &Value, why: &str) -> Status {
        Status::forbidden(self.row.kind, self.name(value), why)
    }

    /// The row of the subresource that was asked for.
    pub(crate) fn subresource(&self) -> Option<&'static Subresource> {
        let name = self.call.info.subresource.as_str();
        self.row.kind.subresources.iter().find(|subresource| subresource.name == name)
    }

    /// Whether the body is of another kind than the object: `Scale`, `Binding`.
    pub(crate) fn has_own_body(&self) -> bool {
        self.subresource().is_some_and(|subresource| !subresource.kind.is_empty())
    }

    /// What configures admission is not subject to itself: a webhook could forbid its own removal.
    pub(crate) fn is_configurable(&self) -> bool {
        self.row.kind.group() != "admissionregistration.k8s.io"
    }

    /// The kind of the body: the row's own under the version that was asked for, or the subresource's.
    pub(crate) fn body(&self) -> GroupVersionKind {
        match self.subresource().filter(|subresource| !subresource.kind.is_empty()) {
            // Streams of the core group say no group and version.
            Some(sub) if sub.version.is_empty() => GroupVersionKind { group: "", version: "v1", kind: sub.kind },
            Some(sub) => GroupVersionKind { group: sub.group, version: sub.version, kind: sub.kind },
            None => {
                let version = self.row.version;
                GroupVersionKind { group: version.group, version: version.version, kind: self.row.kind.kind }
            }
        }
    }

    /// `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions`, as upstream shows them to plugins.
    pub(crate) fn options(&self) -> Value {
        let api_version = "meta.k8s.io/v1";
        if let Some(delete) = self.delete {
            return delete.to_json();
        }
        let kind = match (self.operation, self.call.info.verb) {
            (Operation::Connect, _) => return Value::Null,
            (_, "patch") => "PatchOptions",
            (Operation::Update, _) => "UpdateOptions",
            _ => "CreateOptions",
        };
        let mut options = json!({ "kind": kind, "apiVersion": api_version });
        for name in ["fieldManager", "fieldValidation"] {
            if !self.call.query.get(name).is_empty() {
                options[name] = self.call.query.get(name).into();
            }
        }
        if self.dry_run() {
            options["dryRun"] = json!(["All"]);
        }
        options
    }

    /// `PodExecOptions` and its like: what the query of a stream says, by the schema of the subresource's kind.
    pub(crate) fn connect_options(&self) -> Value {
        let body = self.body();
        let mut options = Map::new();
        options.insert("kind".into(), body.kind.into());
        options.insert("apiVersion".into(), api::key::api_version(body.group, body.version).into());
        let fields = schema::find_kind(body.group, body.version, body.kind).map_or(&[][..], |schema| schema.fields());
        for field in fields {
            let said = self.call.query.all(field.name).map(|text| match field.kind {
                FieldType::Bool => matches!(text, "true" | "1" | "True").into(),
                FieldType::Int32 | FieldType::Int64 => text.parse::<i64>().map_or(Value::Null, Value::from),
                _ => text.into(),
            });
            let said: Vec<Value> = said.collect();
            match field.container {
                _ if said.is_empty() => {}
                Container::List => drop(options.insert(field.name.into(), said.into())),
                _ => drop(options.insert(field.name.into(), said[0].clone())),
            }
        }
        if !self.call.info.rest.is_empty() {
            options.insert("path".into(), format!("/{}", self.call.info.rest).into());
        }
        options.into()
    }
}
