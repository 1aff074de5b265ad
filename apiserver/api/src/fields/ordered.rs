//! Unknown and duplicate fields in the order in which a text has them, which is the order in which Go's decoder tells of them.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Path, Step};
use crate::{managed::Schema, schema::Type};

/// As many as are told.
const MOST: usize = 100;

/// The complaints about `text`, JSON that was decoded before; then the unknown fields of `known` that were not found here. What
/// is unknown is not looked into, so it is not told to be there twice.
pub(super) fn complaints(schema: &'static Type, text: &[u8], known: Vec<String>) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    let node = Node { schema: Schema::Type(schema), path: &Path::ROOT, found: &found };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    if node.deserialize(&mut deserializer).is_err() {
        return known;
    }
    let mut all = found.into_inner();
    all.extend(known.into_iter().filter(|complaint| complaint.starts_with("unknown field")));
    let mut seen = BTreeSet::new();
    all.retain(|complaint| seen.insert(complaint.clone()));
    all.truncate(MOST);
    all
}

struct Node<'a> {
    schema: Schema,
    path: &'a Path<'a>,
    found: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let schema = self.schema.item();
        for index in 0.. {
            let path = self.path.then(Step::Index(index));
            if items.next_element_seed(Node { schema, path: &path, found: self.found })?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            let path = self.path.then(Step::Field(&name));
            let Some(schema) = self.schema.field(&name) else {
                self.found.borrow_mut().push(format!("unknown field {:?}", path.to_string()));
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen.contains(&name) {
                self.found.borrow_mut().push(format!("duplicate field {:?}", path.to_string()));
            }
            fields.next_value_seed(Node { schema, path: &path, found: self.found })?;
            seen.insert(name);
        }
        Ok(())
    }
}

impl Schema {
    /// What a member of an object here is; none if there is no such field.
    fn field(self, name: &str) -> Option<Self> {
        self.member(&Value::Object(Map::new()), name)
    }

    fn item(self) -> Self {
        self.element(&Value::Array(Vec::new()))
    }
}
