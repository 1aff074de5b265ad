//! JSON to a value, and the fields that came twice.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};

use super::{Path, Step};

pub(super) fn decode(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let duplicates = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Node { path: &Path::ROOT, duplicates: &duplicates }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, duplicates.into_inner()))
}

/// The first document of a YAML text, and what Go says of keys that came twice.
pub(super) fn yaml(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    let duplicates = RefCell::new(Vec::new());
    let Some(document) = serde_yaml::Deserializer::from_slice(bytes).next() else { return Ok((Value::Null, Vec::new())) };
    let value = Node { path: &Path::ROOT, duplicates: &duplicates }.deserialize(document).map_err(|error| {
        let text = error.to_string();
        let (what, _) = text.split_once(" at line ").unwrap_or((&text, ""));
        let line = error.location().map(|at| format!("line {}: ", at.line())).unwrap_or_default();
        format!("error converting YAML to JSON: yaml: {line}{what}")
    })?;
    let lines: Vec<String> = duplicates
        .into_inner()
        .iter()
        .map(|path| {
            let path = path.trim_start_matches("duplicate field ").trim_matches('"');
            let (line, key) = key_again(bytes, path);
            format!("\n  line {line}: key {key:?} already set in map")
        })
        .collect();
    let said = (!lines.is_empty()).then(|| format!("{YAML_ERRORS}{}", lines.concat()));
    Ok((value, said.into_iter().collect()))
}

/// How Go's decoder of YAML begins a list of what is wrong.
const YAML_ERRORS: &str = "error converting YAML to JSON: yaml: unmarshal errors:";

/// A complaint as it is sent as a warning: what a decoder of YAML lists comes one by one.
pub(super) fn warnings(complaint: &str) -> Vec<String> {
    let short = YAML_ERRORS.trim_start_matches("error converting YAML to JSON: ");
    match complaint.strip_prefix(YAML_ERRORS).or_else(|| complaint.strip_prefix(short)) {
        Some(list) => list.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        None => vec![complaint.to_owned()],
    }
}

/// The last segment of `path`, and the line on which it stands for the last time at the beginning of a line's text: where the
/// second of two is, but for texts that write everything on one line.
fn key_again(bytes: &[u8], path: &str) -> (usize, String) {
    let key = path.rsplit('.').next().unwrap_or(path).to_owned();
    let text = String::from_utf8_lossy(bytes);
    let is_it = |line: &str| {
        let line = line.trim_start_matches([' ', '-', '"', '\'']);
        line.strip_prefix(key.as_str()).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
    };
    let line = text.lines().enumerate().filter(|(_, line)| is_it(line)).last().map_or(1, |(at, _)| at + 1);
    (line, key)
}

/// A value to come, and where it stands.
struct Node<'a> {
    path: &'a Path<'a>,
    duplicates: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = self.path.then(Step::Index(list.len()));
            match items.next_element_seed(Node { path: &path, duplicates: self.duplicates })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = {
                let path = self.path.then(Step::Field(&name));
                fields.next_value_seed(Node { path: &path, duplicates: self.duplicates })?
            };
            match map.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(mut entry) => {
                    let field = self.path.then(Step::Field(entry.key())).to_string();
                    self.duplicates.borrow_mut().push(format!("duplicate field {field:?}"));
                    entry.insert(value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}
