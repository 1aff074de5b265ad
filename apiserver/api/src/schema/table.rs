//! Reads `table.txt`: a type per line, its fields indented below it.
//!
//! ```text
//! !<enum> <value>...
//! <type> [=<group>/<version>/<kind>]... [shape=<shape>] [atomic]
//!  <field> <protobuf number> <type> [inline] [list=atomic|set|map:<key>,...] [merge=<key>] [strategy=<strategy>,...] [default=<json>] [enum=<enum>]
//!  ... [atomic] [required] [pointer]
//! ```
//! A field's type may begin with `[]` or `{}`; one that begins with a dot is of the same package.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use super::{Body, Container, Enum, Field, FieldType, ListType, MergeStrategy, Shape, Type, TypeKind};

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("table.txt")));

/// The types that are bodies of kinds.
pub(super) static KINDS: LazyLock<HashMap<TypeKind<'static>, &'static Type>> =
    LazyLock::new(|| TABLE.types.iter().flat_map(|ty| ty.kinds.iter().map(move |kind| (*kind, ty))).collect());

const WELL_FORMED: &str = "the generated table is well formed";

pub(super) struct Table {
    pub(super) types: Vec<Type>,
    enums: Vec<Enum>,
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self { types: Vec::with_capacity(1200), enums: Vec::new() };
        let mut rest = text;
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            // a type's fields end where a line does not begin with a space
            let mut end = 0;
            while after[end..].starts_with(' ') {
                end += after[end..].find('\n').map_or(after.len() - end, |n| n + 1);
            }
            match line.as_bytes().first() {
                Some(b'!') => table.enums.push(closed(&line[1..])),
                Some(b'#') | None => {}
                Some(_) => table.types.push(head(line, &after[..end])),
            }
            rest = &after[end..];
        }
        table
    }

    pub(super) fn find(&self, name: &str) -> Option<&Type> {
        self.types.binary_search_by(|t| t.name.cmp(name)).ok().map(|at| &self.types[at])
    }
}

fn closed(line: &'static str) -> Enum {
    let mut words = line.split(' ');
    Enum { name: words.next().expect(WELL_FORMED), values: words.collect() }
}

fn head(line: &'static str, text: &'static str) -> Type {
    let mut words = line.split(' ');
    let name = words.next().expect(WELL_FORMED);
    let mut kinds = Vec::new();
    let mut shape = Shape::Object;
    let mut atomic = false;
    for word in words {
        if let Some(kind) = word.strip_prefix('=') {
            let mut parts = kind.split('/');
            let mut part = || parts.next().expect(WELL_FORMED);
            kinds.push(TypeKind { group: part(), version: part(), kind: part() });
        } else if let Some(name) = word.strip_prefix("shape=") {
            shape = self::shape(name);
        } else {
            atomic = word == "atomic";
        }
    }
    Type { name, kinds: kinds.leak(), shape, atomic, open: false, text, body: OnceLock::new(), published: None }
}

fn shape(name: &str) -> Shape {
    match name {
        "quantity" => Shape::Quantity,
        "int-or-string" => Shape::IntOrString,
        "time" => Shape::Time,
        "micro-time" => Shape::MicroTime,
        "duration" => Shape::Duration,
        "raw" => Shape::Raw,
        "json-object" => Shape::JsonObject,
        "json" => Shape::Json,
        "strings" => Shape::Strings,
        "or-bool" => Shape::OrBool,
        "or-array" => Shape::OrArray,
        "or-strings" => Shape::OrStrings,
        other => unreachable!("{WELL_FORMED}, but for the shape `{other}`"),
    }
}

/// The fields of `owner`. They live as long as the table, which is for ever.
pub(super) fn body(owner: &Type) -> Body {
    let mut fields: Vec<Field> = Vec::new();
    let mut embedded = Vec::new();
    for line in owner.text.lines() {
        let mut words = line.trim_start().split(' ');
        let mut word = || words.next().expect(WELL_FORMED);
        let (name, number, value) = (word(), word().parse().expect(WELL_FORMED), word());
        let (container, kind) = value_type(owner, value);
        match (words.clone().next(), kind) {
            (Some("inline"), FieldType::Object(inner)) => embedded.push((number, inner)),
            _ => fields.push(field(name, number, container, kind, words)),
        }
    }
    for (_, inner) in &embedded {
        fields.extend(inner.fields().iter().map(|field| Field { number: 0, ..*field }));
    }
    fields.sort_by_key(|field| field.name);
    Body { fields: fields.leak(), embedded: embedded.leak() }
}

fn value_type(owner: &Type, text: &'static str) -> (Container, FieldType) {
    let (container, name) = match text.as_bytes() {
        [b'[', ..] => (Container::List, &text[2..]),
        [b'{', ..] => (Container::Map, &text[2..]),
        _ => (Container::One, text),
    };
    let kind = match name {
        "string" => FieldType::String,
        "int32" => FieldType::Int32,
        "int64" => FieldType::Int64,
        "double" => FieldType::Double,
        "bool" => FieldType::Bool,
        "bytes" => FieldType::Bytes,
        local if local.starts_with('.') => {
            let package = owner.name.rsplit_once('.').expect(WELL_FORMED).0;
            FieldType::Object(super::find(&format!("{package}{local}")).expect(WELL_FORMED))
        }
        full => FieldType::Object(super::find(full).expect(WELL_FORMED)),
    };
    (container, kind)
}

fn field(
    name: &'static str,
    number: u32,
    container: Container,
    kind: FieldType,
    attributes: impl Iterator<Item = &'static str>,
) -> Field {
    let mut field = Field {
        name,
        number,
        kind,
        container,
        list: ListType::Unspecified,
        keys: &[],
        merge_key: None,
        merge: MergeStrategy::default(),
        atomic: false,
        required: false,
        pointer: false,
        default: None,
        closed: None,
    };
    for attribute in attributes {
        match attribute.split_once('=').unwrap_or((attribute, "")) {
            ("list", "atomic") => field.list = ListType::Atomic,
            ("list", "set") => field.list = ListType::Set,
            ("list", map) => {
                field.list = ListType::Map;
                field.keys = map.trim_start_matches("map:").split(',').collect::<Vec<_>>().leak();
            }
            ("merge", key) => field.merge_key = Some(key),
            ("strategy", names) => {
                let has = |name| names.split(',').any(|n| n == name);
                field.merge = MergeStrategy { merge: has("merge"), replace: has("replace"), retain_keys: has("retainKeys") };
            }
            ("atomic", _) => field.atomic = true,
            ("required", _) => field.required = true,
            ("pointer", _) => field.pointer = true,
            ("default", json) => field.default = Some(json),
            ("enum", name) => field.closed = TABLE.enums.iter().find(|e| e.name == name),
            (other, _) => unreachable!("{WELL_FORMED}, but for the attribute `{other}`"),
        }
    }
    field
}
