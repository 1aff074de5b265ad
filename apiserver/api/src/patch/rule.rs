//! How a field merges: what the schema says of it.

use super::error::Error;
use crate::schema::{Container, FieldType, MergeStrategy, Shape, Type};

/// What is known of a value.
#[derive(Clone, Copy)]
pub(super) enum Schema {
    Struct(&'static Type),
    /// Any key; this is what the values are.
    MapOf(FieldType),
    ListOf(FieldType),
    /// Nothing: maps merge, all else is replaced.
    Unknown,
}

impl Schema {
    pub(super) fn one(kind: FieldType) -> Self {
        match kind {
            FieldType::Object(ty) if ty.shape == Shape::Object => Self::Struct(ty),
            _ => Self::Unknown,
        }
    }
}

/// How one field merges.
pub(super) struct Rule {
    pub(super) schema: Schema,
    pub(super) merge: MergeStrategy,
    pub(super) key: Option<&'static str>,
}

/// What happens to `name` in a value of this schema.
pub(super) fn rule(schema: Schema, name: &str) -> Result<Rule, Error> {
    let plain = |schema| Rule { schema, merge: MergeStrategy::default(), key: None };
    match schema {
        Schema::MapOf(kind) => Ok(plain(Schema::one(kind))),
        Schema::Unknown | Schema::ListOf(_) => Ok(plain(Schema::Unknown)),
        Schema::Struct(ty) => {
            let unknown = || Error::UnknownField { owner: ty.short_name(), field: name.to_owned() };
            let field = ty.field(name).ok_or_else(unknown)?;
            let schema = match field.container {
                Container::One => Schema::one(field.kind),
                Container::List => Schema::ListOf(field.kind),
                Container::Map => Schema::MapOf(field.kind),
            };
            Ok(Rule { schema, merge: field.merge, key: field.merge_key })
        }
    }
}
