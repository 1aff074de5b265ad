//! The hooks of a row: the functions of a built-in kind, the schema of a custom one.

use serde_json::Value;

use super::columns;
use crate::{Kind, field, kind::Column};

impl Kind {
    /// Fills in what the user left out; idempotent.
    pub fn default(&self, value: &mut Value) {
        match self.custom {
            None => (self.default)(value),
            Some(custom) => super::default::fill(&custom.version().schema, value),
        }
    }

    /// Drops what only the server may say, on create.
    pub fn prepare_create(&self, value: &mut Value) {
        match self.custom {
            None => (self.prepare_create)(value),
            Some(_) if self.has_status() => drop(value.as_object_mut().map(|fields| fields.remove("status"))),
            Some(_) => {}
        }
    }

    /// Every complaint about a new object.
    pub fn validate(&self, value: &Value) -> Vec<field::Error> {
        match self.custom {
            None => (self.validate)(value),
            Some(custom) => super::validate::new(custom.version(), value),
        }
    }

    /// Every complaint about the change of an object; arguments: new, old.
    pub fn validate_change(&self, new: &Value, old: &Value) -> Vec<field::Error> {
        match self.custom {
            None => [(self.validate)(new), (self.validate_update)(new, old)].concat(),
            Some(custom) => super::validate::change(custom.version(), new, old),
        }
    }

    /// Complaints about a change of status; arguments: new, old.
    pub fn validate_status(&self, new: &Value, old: &Value) -> Vec<field::Error> {
        match self.custom {
            None => (self.validate_status)(new, old),
            Some(custom) => super::validate::change(custom.version(), new, old),
        }
    }

    /// What the columns show of an object.
    pub fn cells(&self, value: &Value) -> Vec<Value> {
        let own = |column: &Column| (column.cell)(value);
        match self.custom {
            None => self.columns.iter().map(own).collect(),
            Some(custom) => columns::cells(self, custom.version(), value),
        }
    }
}
