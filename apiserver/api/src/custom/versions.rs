//! Objects in their versions: as they come in, as they are stored, as they are read.

use serde_json::Value;

use super::{Custom, Definition, Version, default, prune};
use crate::{Kind, Object};

impl Definition {
    /// The version whose objects say `api_version`.
    pub fn speaks(&self, api_version: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.api_version == api_version)
    }

    /// The version that objects are stored in.
    pub fn stored(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == self.storage)
    }

    /// Whether a version becomes another by saying so.
    pub fn converts_itself(&self) -> bool {
        self.conversion["strategy"] != "Webhook"
    }
}

impl Custom {
    /// Makes a body what its schema says it is; the unknown fields are returned, as [`crate::fields::conform`] does it for
    /// built-in kinds.
    pub fn conform(&self, value: &mut Value) -> Vec<String> {
        let schema = &self.version().schema;
        let unknown = prune::prune(schema, value);
        default::drop_nulls(schema, value);
        unknown.iter().map(|path| format!("unknown field {path:?}")).collect()
    }

    /// Whether an object's bytes are in the row's version already.
    pub fn is_read(&self, object: &Object) -> bool {
        // as Draft writes it
        let begin = br#"{"apiVersion":""#;
        let said = object.bytes.strip_prefix(begin).unwrap_or_default();
        let own = self.version().api_version.as_bytes();
        said.starts_with(own) && said.get(own.len()) == Some(&b'"')
    }
}

impl Kind {
    /// Makes of what was stored once what it is under this row: the definition may have other defaults, other fields and
    /// another stored version by now. Says whether anything changed.
    pub(crate) fn refresh(&self, value: &mut Value) -> bool {
        let Some(custom) = self.custom else { return false };
        let definition = custom.definition;
        let before = value.clone();
        if let Some(version) = value["apiVersion"].as_str().and_then(|said| definition.speaks(said)) {
            prune::prune(&version.schema, value);
            default::drop_nulls(&version.schema, value);
            default::fill(&version.schema, value);
        }
        if let Some(stored) = definition.stored().filter(|_| definition.converts_itself()) {
            value["apiVersion"] = stored.api_version.as_str().into();
        }
        *value != before
    }
}
