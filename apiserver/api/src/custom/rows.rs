//! The rows of a definition: a [`Kind`] for each version, made once per content and kept for ever.
//!
//! A row is a `&'static` in every handler, informer and table. A definition that is applied again with the same content must not cost
//! memory again, so rows are found by what they were made of.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{LazyLock, OnceLock},
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    Custom, Definition, Version,
    json_path::Path,
    priority,
    schema::{Schema, strings},
    types,
};
use crate::{
    Kind, key,
    kind::{self, Column, Field, Generation, Serves, Subresource},
};

/// By content.
static MADE: LazyLock<Mutex<HashMap<String, &'static [Kind]>>> = LazyLock::new(Mutex::default);

const VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// The rows of `crd`, a CustomResourceDefinition as it is stored: one for each version, in the order of preference. Names are
/// those that were accepted.
pub fn rows(crd: &Value) -> &'static [Kind] {
    let (spec, names) = (&crd["spec"], &crd["status"]["acceptedNames"]);
    let terminating = condition(crd, "Terminating");
    let content = json!([spec, names, terminating]).to_string();
    let mut made = MADE.lock();
    if let Some(rows) = made.get(&content) {
        return rows;
    }
    let rows = make(crd, spec, names, terminating);
    made.insert(content, rows);
    rows
}

/// Whether a condition of a definition is `True`.
pub(crate) fn condition(crd: &Value, name: &str) -> bool {
    let conditions = crd["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == name && condition["status"] == "True")
}

fn make(crd: &Value, spec: &Value, names: &Value, terminating: bool) -> &'static [Kind] {
    let kept = |value: &Value| keep(value.as_str().unwrap_or_default());
    let group = kept(&spec["group"]);
    let mut written: Vec<&Value> = spec["versions"].as_array().into_iter().flatten().collect();
    written.sort_by_key(|version| priority::of(version["name"].as_str().unwrap_or_default()));
    let storage = written.iter().find(|version| version["storage"] == true);
    let paths = selectable(&written);
    let called = (kept(&names["kind"]), names["listKind"].as_str().unwrap_or_default());
    let definition: &'static Definition = Box::leak(Box::new(Definition {
        name: crd["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        list_kind: names["listKind"].as_str().unwrap_or_default().to_owned(),
        storage: storage.map_or("", |version| kept(&version["name"])),
        conversion: spec["conversion"].clone(),
        versions: written.iter().map(|version| self::version(group, called, version, spec, paths)).collect(),
        terminating,
        fingerprint: fingerprint(&json!([spec, names])),
        rows: OnceLock::new(),
    }));
    let row = |(at, written): (usize, &&Value)| {
        let version = &definition.versions[at];
        let served = kind::Version {
            deprecation: deprecation(written, version, kept(&names["kind"])),
            ..kind::Version::hub(group, version.name, version.ty.name)
        };
        let subresources = subresources(written);
        let has_status = subresources.iter().any(|s| s.serves == Serves::Status);
        Kind {
            kind: kept(&names["kind"]),
            plural: kept(&names["plural"]),
            singular: kept(&names["singular"]),
            short_names: kept_all(&names["shortNames"]),
            categories: kept_all(&names["categories"]),
            namespaced: spec["scope"] == "Namespaced",
            versions: vec![served].leak(),
            verbs: VERBS,
            subresources,
            columns: columns(written),
            fields: paths.iter().map(|path| Field { path, value: |_| String::new() }).collect::<Vec<_>>().leak(),
            generation: if has_status { Generation::Counted } else { Generation::WithStatus },
            put_blindly: false,
            custom: Some(Custom { definition, at }),
            ..Kind::NAMESPACED
        }
    };
    let rows = written.iter().enumerate().map(row).collect::<Vec<_>>().leak();
    definition.rows.get_or_init(|| rows)
}

fn fingerprint(content: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.to_string().hash(&mut hasher);
    hasher.finish()
}

fn version(
    group: &'static str,
    (kind, list_kind): (&'static str, &str),
    written: &Value,
    spec: &Value,
    paths: &[&'static str],
) -> Version {
    let name = keep(written["name"].as_str().unwrap_or_default());
    let schema = written["schema"]["openAPIV3Schema"].clone();
    let mut decoded = Schema::read(&schema);
    decoded.preserve_unknown |= spec["preserveUnknownFields"] == true;
    let wanted: Vec<String> = field_paths(written).collect();
    let ty = types::of(group, name, kind, (&schema, &written["selectableFields"]));
    Version {
        name,
        api_version: key::api_version(group, name),
        served: written["served"] == true,
        columns: printer_columns(written).map(|c| Path::parse(c["jsonPath"].as_str().unwrap_or_default()).ok()).collect(),
        selectable: paths.iter().copied().filter(|path| wanted.iter().any(|w| w == path)).collect(),
        list: types::list_of(ty, list_kind),
        ty,
        schema: decoded,
        written: schema,
    }
}

/// `spec.color` of `.spec.color`.
fn field_paths(version: &Value) -> impl Iterator<Item = String> {
    let fields = version["selectableFields"].as_array().into_iter().flatten();
    fields.filter_map(|field| Some(field["jsonPath"].as_str()?.trim_start_matches('.').to_owned()))
}

/// The selectable fields of all versions: the places of their values in an object's meta must not depend on the version.
fn selectable(versions: &[&Value]) -> &'static [&'static str] {
    let mut paths: Vec<String> = versions.iter().flat_map(|version| field_paths(version)).collect();
    paths.sort();
    paths.dedup();
    paths.iter().map(|path| keep(path)).collect::<Vec<_>>().leak()
}

fn subresources(version: &Value) -> &'static [Subresource] {
    let mut all = Vec::new();
    if version["subresources"]["status"].is_object() {
        all.push(Subresource::STATUS);
    }
    let scale = &version["subresources"]["scale"];
    if scale.is_object() {
        let pointer = |name: &str| keep(&scale[name].as_str().unwrap_or_default().replace('.', "/"));
        let serves = Serves::Scale {
            replicas: pointer("specReplicasPath"),
            status_replicas: pointer("statusReplicasPath"),
            selector: pointer("labelSelectorPath"),
        };
        all.push(Subresource { serves, ..Subresource::SCALE });
    }
    all.leak()
}

fn columns(version: &Value) -> &'static [Column] {
    let text = |value: &Value| keep(value.as_str().unwrap_or_default());
    if printer_columns(version).next().is_none() {
        return Kind::NAMESPACED.columns;
    }
    let column = |column: &Value| Column {
        name: text(&column["name"]),
        kind: text(&column["type"]),
        format: text(&column["format"]),
        priority: column["priority"].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
        description: match text(&column["description"]) {
            "" => keep(&format!("Custom resource definition column (in JSONPath format): {}", text(&column["jsonPath"]))),
            said => said,
        },
        cell: |_| Value::Null,
    };
    std::iter::once(Column::NAME).chain(printer_columns(version).map(column)).collect::<Vec<_>>().leak()
}

fn printer_columns(version: &Value) -> impl Iterator<Item = &Value> {
    version["additionalPrinterColumns"].as_array().into_iter().flatten()
}

fn deprecation(written: &Value, version: &Version, kind: &str) -> &'static str {
    if written["deprecated"] != true {
        return "";
    }
    match written["deprecationWarning"].as_str() {
        Some(warning) if !warning.is_empty() => keep(warning),
        _ => keep(&format!("{} {kind} is deprecated", version.api_version)),
    }
}

fn keep(text: &str) -> &'static str {
    if text.is_empty() { "" } else { text.to_owned().leak() }
}

fn kept_all(list: &Value) -> &'static [&'static str] {
    strings(list).iter().map(|text| keep(text)).collect::<Vec<_>>().leak()
}
