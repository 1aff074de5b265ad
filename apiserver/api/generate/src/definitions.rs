//! What the JSON definitions know of a type: the true spelling of names, list types, keys, required fields.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use serde_json::Value;

/// The definitions, found by their names without regard to case.
pub(crate) struct Definitions {
    by_name: HashMap<String, Definition>,
    /// Last segment without regard to case → definitions of that name in any package.
    by_last: HashMap<String, Vec<String>>,
    /// Every JSON field name of any definition, by its bare letters.
    spellings: HashMap<String, String>,
}

/// One type.
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) json: Value,
    /// Bare letters of a field's name → its JSON name.
    pub(crate) fields: BTreeMap<String, String>,
}

/// A name without what the two packages write differently: `podIPs`, `pod_i_ps`, `x-kubernetes-...`.
pub(crate) fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

pub(crate) fn read(file: &Path) -> Result<Definitions> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let mut document: Value = serde_json::from_str(&text)?;
    let types = document["$defs"].as_object_mut().context("no `$defs`")?;
    let mut found = Definitions { by_name: HashMap::new(), by_last: HashMap::new(), spellings: HashMap::new() };
    for (name, json) in types.iter_mut() {
        let json = json.take();
        let names: Vec<String> = json["properties"].as_object().into_iter().flat_map(|p| p.keys().cloned()).collect();
        let fields: BTreeMap<_, _> = names.into_iter().map(|name| (bare(&name), name)).collect();
        found.spellings.extend(fields.clone());
        let last = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        found.by_last.entry(last).or_default().push(name.to_lowercase());
        found.by_name.insert(name.to_lowercase(), Definition { name: name.clone(), json, fields });
    }
    Ok(found)
}

impl Definitions {
    /// The definition of exactly this type.
    pub(crate) fn get(&self, name: &str) -> Option<&Definition> {
        self.by_name.get(&name.to_lowercase())
    }

    /// A type of the same name elsewhere, the same group before others: what is left of a retired version.
    pub(crate) fn relative(&self, name: &str) -> Option<&Definition> {
        let lower = name.to_lowercase();
        let (package, last) = lower.rsplit_once('.')?;
        let group = package.rsplit_once('.')?.0;
        let named = self.by_last.get(last)?;
        let found = named.iter().find(|n| n.starts_with(group)).or_else(|| named.first())?;
        self.by_name.get(found)
    }

    /// The spelling of a field's name that any type uses.
    pub(crate) fn spelling(&self, bare: &str) -> Option<&str> {
        self.spellings.get(bare).map(String::as_str)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Definition> {
        self.by_name.values()
    }
}
