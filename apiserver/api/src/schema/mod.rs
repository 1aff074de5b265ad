//! What the API's types are made of: one generated table, from which field checks, patches, protobuf and OpenAPI follow.
//!
//! The table is a compact text inside the binary. Static slices would be 6,000 struct literals to compile on every check and as many
//! relocations at every start; of the text only the lines that name types are read at the first use (under half a millisecond), the
//! fields of a type when somebody asks for them.

#[cfg(test)]
pub(crate) mod sample;
mod table;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// A type of the API, e.g. `io.k8s.api.apps.v1.Deployment`.
pub struct Type {
    pub name: &'static str,
    /// The kinds it is the body of; empty for the inner ones.
    pub kinds: &'static [TypeKind<'static>],
    /// How JSON writes it.
    pub shape: Shape,
    /// Changes as a whole: server-side apply and strategic merge do not look inside (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// Fields that it does not know may be in it, and merge like any.
    pub open: bool,
    text: &'static str,
    body: OnceLock<Body>,
    /// The schema that OpenAPI shows for it, where somebody wrote one (a custom kind's).
    pub(crate) published: Option<Published>,
}

/// A schema in both dialects of OpenAPI.
pub(crate) struct Published {
    pub(crate) v2: serde_json::Value,
    pub(crate) v3: serde_json::Value,
}

/// Group, version and kind of a [`Type`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeKind<'a> {
    pub group: &'a str,
    pub version: &'a str,
    pub kind: &'a str,
}

/// How JSON writes a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object of its fields.
    Object,
    Quantity,
    IntOrString,
    /// RFC 3339, seconds.
    Time,
    /// RFC 3339, microseconds.
    MicroTime,
    /// As Go writes one, e.g. `1m30s`.
    Duration,
    /// `RawExtension`: any object; protobuf carries its JSON.
    Raw,
    /// `FieldsV1`: likewise.
    JsonObject,
    /// `apiextensions JSON`: any value.
    Json,
    /// A list of strings, which protobuf wraps into a message.
    Strings,
    /// A schema or a boolean.
    OrBool,
    /// A schema or a list of them.
    OrArray,
    /// A schema or a list of strings.
    OrStrings,
}

/// A field of a type, as JSON sees it: the fields of embedded structs are their outer type's.
pub struct Field {
    /// In JSON.
    pub name: &'static str,
    /// In protobuf; 0 if it has none there (`apiVersion`, `kind`) or stands in an embedded message.
    pub number: u32,
    /// What it holds, or holds a list or a map of.
    pub kind: FieldType,
    pub container: Container,
    pub list: ListType,
    /// What identifies an item of a `ListType::Map`.
    pub keys: &'static [&'static str],
    /// What identifies an item in a strategic merge patch.
    pub merge_key: Option<&'static str>,
    pub merge: MergeStrategy,
    /// Like [`Type::atomic`], for this field.
    pub atomic: bool,
    pub required: bool,
    /// A scalar whose zero differs from its absence.
    pub pointer: bool,
    /// JSON.
    pub default: Option<&'static str>,
    pub closed: Option<&'static Enum>,
}

#[derive(Clone, Copy)]
pub enum FieldType {
    String,
    Int32,
    Int64,
    Double,
    Bool,
    /// Base64 in JSON.
    Bytes,
    Object(&'static Type),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    One,
    List,
    /// Keys are strings.
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    Unspecified,
    Atomic,
    Set,
    Map,
}

/// What a strategic merge patch does with the field (`patchStrategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeStrategy {
    /// Lists: items are merged, not replaced.
    pub merge: bool,
    /// The whole value is replaced, also a map.
    pub replace: bool,
    /// `$retainKeys` is honoured.
    pub retain_keys: bool,
}

/// A named string type of Go.
#[derive(Debug)]
pub struct Enum {
    /// e.g. `io.k8s.api.core.v1.Protocol`.
    pub name: &'static str,
    pub values: Vec<&'static str>,
}

struct Body {
    fields: &'static [Field],
    embedded: &'static [(u32, &'static Type)],
}

/// The type of this name.
pub fn find(name: &str) -> Option<&'static Type> {
    table::TABLE.find(name)
}

/// The type that is the body of this kind; `PodList` is one too.
pub fn find_kind(group: &str, version: &str, kind: &str) -> Option<&'static Type> {
    table::KINDS.get(&TypeKind { group, version, kind }).copied()
}

/// Every type, by name.
pub fn all() -> &'static [Type] {
    &table::TABLE.types
}

impl Type {
    /// A type that is not in the table. It lives for ever, as those do.
    pub(crate) fn made(
        name: &'static str,
        kinds: &'static [TypeKind<'static>],
        (atomic, open): (bool, bool),
        mut fields: Vec<Field>,
        published: Option<Published>,
    ) -> &'static Self {
        fields.sort_by_key(|field| field.name);
        let body = OnceLock::from(Body { fields: fields.leak(), embedded: &[] });
        Box::leak(Box::new(Self { name, kinds, shape: Shape::Object, atomic, open, text: "", body, published }))
    }

    /// Whether it is the body of a kind that is no struct of Go.
    pub fn is_custom(&self) -> bool {
        self.published.is_some()
    }

    /// In the order of their names.
    pub fn fields(&self) -> &'static [Field] {
        self.body().fields
    }

    /// Structs embedded in Go: protobuf knows them as messages of this number, JSON does not.
    pub fn embedded(&self) -> &'static [(u32, &'static Type)] {
        self.body().embedded
    }

    /// The field of this JSON name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let fields = self.fields();
        fields.binary_search_by(|field| field.name.cmp(name)).ok().map(|at| &fields[at])
    }

    /// As Go calls the struct: `DeploymentSpec`.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    fn body(&self) -> &Body {
        self.body.get_or_init(|| table::body(self))
    }
}

impl std::fmt::Debug for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
