//! What the schema says of a value: scalar, map or list; merged, or changed as a whole.

use serde_json::Value;

use crate::schema::{Container, Field, FieldType, ListType, Shape, Type};

/// Where a value stands in the schema.
#[derive(Clone, Copy)]
pub enum Schema {
    Type(&'static Type),
    /// The whole value of a field.
    Field(&'static Field),
    /// One of the values a field holds.
    Item(&'static Field),
    /// Nobody knows: what a value is, it says itself. Maps merge, lists are taken as a whole.
    Unknown,
}

#[derive(Clone, Copy)]
pub(super) enum Atom {
    Scalar(Scalar),
    Map { of: Fields, atomic: bool },
    List { item: Schema, by: By },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    String,
    Number,
    Bool,
    Any,
}

/// The fields of a map.
#[derive(Clone, Copy)]
pub(super) enum Fields {
    /// Those of a struct.
    Of(&'static Type),
    /// Any; this is what their values are.
    Any(Schema),
}

/// What tells the items of a list apart.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// Nothing: the list changes as a whole.
    Index,
    Value,
    Keys(&'static [&'static str]),
}

impl Fields {
    /// The schema of a field; none if a struct has no such field.
    pub(super) fn get(self, name: &str) -> Option<Schema> {
        match self {
            Self::Of(ty) => ty.field(name).map(Schema::Field).or(ty.open.then_some(Schema::Unknown)),
            Self::Any(values) => Some(values),
        }
    }

    /// The same, of a value that may be there although the schema does not know it.
    pub(super) fn of(self, name: &str) -> Schema {
        self.get(name).unwrap_or(Schema::Unknown)
    }

    /// Whether `name` is a field of a struct, not a key.
    pub(super) fn names(self, name: &str) -> bool {
        matches!(self, Self::Of(ty) if ty.field(name).is_some())
    }
}

impl Schema {
    /// What a value here is; `value` decides where the schema does not.
    pub(super) fn atom(self, value: Option<&Value>) -> Atom {
        match self {
            Self::Type(ty) => shaped(ty, ty.atomic, value),
            Self::Unknown => deduced(value),
            Self::Item(field) => one(field, false, value),
            Self::Field(field) => match field.container {
                Container::One => one(field, field.atomic, value),
                Container::Map => Atom::Map { of: Fields::Any(Self::Item(field)), atomic: field.atomic },
                Container::List => {
                    let by = match field.list {
                        ListType::Unspecified | ListType::Atomic => By::Index,
                        ListType::Set => By::Value,
                        ListType::Map => By::Keys(field.keys),
                    };
                    Atom::List { item: Self::Item(field), by }
                }
            },
        }
    }

    /// The schema of `name` in a map here; none if it is a struct without such a field. `map` stands for any.
    pub(crate) fn member(self, map: &Value, name: &str) -> Option<Self> {
        match self.atom(Some(map)) {
            Atom::Map { of, .. } => of.get(name),
            Atom::Scalar(_) | Atom::List { .. } => Some(Self::Unknown),
        }
    }

    /// The schema of the items of a list here. `list` stands for any.
    pub(crate) fn element(self, list: &Value) -> Self {
        match self.atom(Some(list)) {
            Atom::List { item, .. } => item,
            Atom::Scalar(_) | Atom::Map { .. } => Self::Unknown,
        }
    }

    /// The default of a field of the struct that stands here.
    pub(super) fn default_of(self, name: &str) -> Option<Value> {
        let ty = match self {
            Self::Type(ty) => ty,
            Self::Field(Field { kind: FieldType::Object(ty), .. })
            | Self::Item(Field { kind: FieldType::Object(ty), .. }) => ty,
            _ => return None,
        };
        serde_json::from_str(ty.field(name)?.default?).ok()
    }
}

fn one(field: &'static Field, atomic: bool, value: Option<&Value>) -> Atom {
    match field.kind {
        FieldType::String | FieldType::Bytes => Atom::Scalar(Scalar::String),
        FieldType::Int32 | FieldType::Int64 | FieldType::Double => Atom::Scalar(Scalar::Number),
        FieldType::Bool => Atom::Scalar(Scalar::Bool),
        FieldType::Object(ty) => shaped(ty, atomic || ty.atomic, value),
    }
}

fn shaped(ty: &'static Type, atomic: bool, value: Option<&Value>) -> Atom {
    match ty.shape {
        Shape::Object => Atom::Map { of: Fields::Of(ty), atomic },
        Shape::Quantity | Shape::IntOrString | Shape::Time | Shape::MicroTime => Atom::Scalar(Scalar::Any),
        Shape::Duration => Atom::Scalar(Scalar::String),
        Shape::Strings => Atom::List { item: Schema::Unknown, by: By::Index },
        Shape::Raw | Shape::JsonObject | Shape::Json | Shape::OrBool | Shape::OrArray | Shape::OrStrings => deduced(value),
    }
}

fn deduced(value: Option<&Value>) -> Atom {
    match value {
        Some(Value::Object(_)) => Atom::Map { of: Fields::Any(Schema::Unknown), atomic: false },
        Some(Value::Array(_)) => Atom::List { item: Schema::Unknown, by: By::Index },
        _ => Atom::Scalar(Scalar::Any),
    }
}
