//! Values of any type, for properties that hold for all of them.

use serde_json::{Map, Value, json};

use super::{Container, FieldType, Shape, Type};

/// A source of choices that one seed determines.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// A value of type `ty` in canonical form, without zeros; about a third of the fields down to `depth` are set.
pub(crate) fn value(ty: &'static Type, depth: u32, choices: &mut Choices) -> Value {
    match ty.shape {
        Shape::Object => object(ty, depth, choices),
        Shape::Quantity => ["500m", "1Gi", "3"][choices.below(3) as usize].into(),
        Shape::IntOrString => [json!(80), json!("25%"), json!(0)][choices.below(3) as usize].clone(),
        Shape::Time => ["2024-02-29T23:59:59Z", "1969-12-31T23:59:58Z"][choices.below(2) as usize].into(),
        Shape::MicroTime => ["2024-02-29T23:59:59.000001Z", "1969-12-31T23:59:58.999999Z"][choices.below(2) as usize].into(),
        Shape::Duration => ["1h0m0.5s", "300ms", "-1m30s"][choices.below(3) as usize].into(),
        Shape::Raw | Shape::JsonObject => json!({"any": {"thing": [1, null]}}),
        Shape::Json => [json!(1.5), json!("x"), json!({"a": null})][choices.below(3) as usize].clone(),
        Shape::Strings => json!(["a", "", "b"]),
        Shape::OrBool => choices.below(2).eq(&1).into(),
        Shape::OrArray => inner(ty, depth, choices),
        Shape::OrStrings => json!(["a", "b"]),
    }
}

fn inner(ty: &'static Type, depth: u32, choices: &mut Choices) -> Value {
    let schema = ty.fields().iter().find_map(|field| match field.kind {
        FieldType::Object(schema) => Some(schema),
        _ => None,
    });
    let one = object(schema.unwrap(), depth.saturating_sub(1), choices);
    if choices.below(2) == 0 { one } else { json!([one]) }
}

fn object(ty: &'static Type, depth: u32, choices: &mut Choices) -> Value {
    let mut map = Map::new();
    for field in ty.fields() {
        let is_type_meta = matches!(field.name, "apiVersion" | "kind") && !ty.kinds.is_empty();
        let is_too_deep = depth == 0
            && matches!(field.kind, FieldType::Object(ty) if ty.shape == Shape::Object || ty.shape == Shape::OrArray);
        if is_type_meta || is_too_deep || choices.below(3) > 0 {
            continue;
        }
        let mut item = || match field.kind {
            FieldType::String => format!("s{}", choices.below(100)).into(),
            FieldType::Bool => true.into(),
            FieldType::Int32 => [json!(7), json!(-1), json!(i32::MAX)][choices.below(3) as usize].clone(),
            FieldType::Int64 => [json!(7), json!(i64::MIN), json!(i64::MAX)][choices.below(3) as usize].clone(),
            FieldType::Double => json!(0.25),
            FieldType::Bytes => "aGVsbG8=".into(),
            FieldType::Object(ty) => value(ty, depth.saturating_sub(1), choices),
        };
        let value = match field.container {
            Container::One => item(),
            Container::List => Value::Array(vec![item(), item()]),
            Container::Map => json!({"k1": item(), "k2": item()}),
        };
        map.insert(field.name.to_owned(), value);
    }
    Value::Object(map)
}
