//! One line of `metadata.managedFields`: a manager, what it did last, and its fields.

use serde_json::{Map, Value, json};

use super::{
    set::{Set, Tree},
    step,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    /// RFC 3339 in UTC and whole seconds, so that the order of texts is that of times.
    pub(super) time: Option<String>,
    pub(super) subresource: String,
    pub(super) fields: Set,
}

impl Entry {
    /// Whether both are the same manager's: one that applies is the same in every version.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    fn decode(at: usize, mut entry: Value) -> Result<Self, String> {
        let mut text = |name: &str| match entry.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err("operation must be `Apply` or `Update`".into()),
        };
        let api_version = text("apiVersion");
        if api_version.is_empty() {
            return Err("apiVersion must not be empty".into());
        }
        match text("fieldsType").as_str() {
            "FieldsV1" => {}
            "" => return Err(format!("missing fieldsType in managed fields entry {at}")),
            other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {at}")),
        }
        let (manager, time, subresource) = (text("manager"), text("time"), text("subresource"));
        let fields = match entry.get_mut("fieldsV1").map(Value::take) {
            Some(Value::Object(tree)) => tree,
            Some(Value::Null) | None => Tree::new(),
            Some(_) => return Err(format!("fieldsV1 must be an object in managed fields entry {at}")),
        };
        let time = Some(time).filter(|time| !time.is_empty());
        Ok(Self { manager, operation, api_version, time, subresource, fields: Set::of_tree(fields) })
    }

    fn encode(self) -> Value {
        let mut entry = json!({
            "manager": self.manager, "operation": self.operation.name(), "apiVersion": self.api_version, "fieldsType": "FieldsV1",
        });
        if let Some(time) = self.time {
            entry["time"] = time.into();
        }
        if !self.subresource.is_empty() {
            entry["subresource"] = self.subresource.into();
        }
        entry["fieldsV1"] = self.fields.children.into();
        entry
    }

    /// Who it is, as messages name it.
    pub(super) fn shown(&self) -> String {
        let mut name = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            name = format!("{name} with subresource {:?}", self.subresource);
        }
        match self.operation {
            Operation::Apply => name,
            Operation::Update => format!("{name} using {}", self.api_version),
        }
    }
}

/// A tree as we write it; what a client wrote may spell its keys otherwise.
fn canonical(tree: &Tree) -> Result<Tree, String> {
    let mut out = Tree::new();
    for (step, child) in tree {
        let step = step::canonical(step)?;
        let child = child.as_object().ok_or_else(|| format!("fieldsV1 has no object at {step:?}"))?;
        let mut child = canonical(child)?;
        if child.len() == 1 && child.contains_key(".") {
            child = Map::new();
        }
        out.insert(step, child.into());
    }
    Ok(out)
}

/// Reads `metadata.managedFields` as we wrote it.
///
/// # Errors
/// In upstream's words, for what no server wrote.
pub(super) fn decode(list: Value) -> Result<Vec<Entry>, String> {
    let Value::Array(list) = list else { return Ok(Vec::new()) };
    list.into_iter().enumerate().map(|(at, entry)| Entry::decode(at, entry)).collect()
}

/// Brings what a client wrote there into our form.
///
/// # Errors
/// In upstream's words, for what is not right.
pub(super) fn accept(list: Value) -> Result<Value, String> {
    let mut entries: Vec<Entry> = Vec::new();
    for mut entry in decode(list)? {
        entry.fields = Set::of_tree(canonical(&entry.fields.children)?);
        // of two of one name the last counts
        entries.retain(|other| !other.is_same(&entry));
        entries.push(entry);
    }
    Ok(encode(entries))
}

/// Writes the entries in upstream's order.
pub(super) fn encode(mut entries: Vec<Entry>) -> Value {
    entries.sort_by(|a, b| {
        let key = |entry: &Entry| (entry.operation, entry.time.clone());
        let rest = |entry: &Entry| (entry.manager.clone(), entry.api_version.clone(), entry.subresource.clone());
        key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
    });
    entries.into_iter().map(Entry::encode).collect()
}

/// Puts the entries into an object's metadata; none are no field.
pub(super) fn put(object: &mut Value, entries: Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if entries.as_array().is_none_or(Vec::is_empty) {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".into(), entries);
    }
}

/// Takes them out.
pub(super) fn take(object: &mut Value) -> Value {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    metadata.and_then(|metadata| metadata.remove("managedFields")).unwrap_or_default()
}
