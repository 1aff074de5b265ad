//! What an expression costs: names, fields and calls, as often as they are evaluated. By the schema it is an upper bound before there is
//! any object; by a value it bounds the evaluation that is about to begin. Costs of single functions (searching a long
//! string) are not counted, so nothing is refused that upstream would let through.

use serde_json::Value;

use crate::{
    cel::cel::{
        IdedExpr,
        common::ast::{EntryExpr, Expr, operators},
    },
    custom::schema::{Schema, Types},
};

/// Upstream's limits: of a rule, estimated; of all rules of a definition; of a rule, evaluated; of all rules for an object.
pub(crate) const RULE_LIMIT: f64 = 10_000_000.0;
pub(crate) const CRD_LIMIT: f64 = 100_000_000.0;
pub(crate) const CALL_LIMIT: f64 = 1_000_000.0;
pub(crate) const OBJECT_LIMIT: f64 = 10_000_000.0;
/// The largest object that a request can bring.
const LARGEST: f64 = 3.0 * 1024.0 * 1024.0;

/// What is known of a value.
#[derive(Clone, Copy)]
enum Known<'a> {
    Schema(&'a Schema),
    Value(&'a Schema, &'a Value),
    Nothing,
}

/// The cost of `tree` at most, where `self` is of `schema`; with a value, for that one.
pub(crate) fn estimate(tree: &IdedExpr, schema: &Schema, value: Option<&Value>) -> f64 {
    let own = value.map_or(Known::Schema(schema), |value| Known::Value(schema, value));
    walk(tree, &mut vec![("self", own), ("oldSelf", own)]).0
}

fn walk<'a>(tree: &'a IdedExpr, names: &mut Vec<(&'a str, Known<'a>)>) -> (f64, Known<'a>) {
    match &tree.expr {
        Expr::Ident(name) => {
            let known = names.iter().rev().find(|(bound, _)| bound == name);
            (1.0, known.map_or(Known::Nothing, |(_, known)| *known))
        }
        Expr::Select(select) => {
            let (cost, operand) = walk(&select.operand, names);
            (cost + 1.0, field(operand, &select.field))
        }
        Expr::Call(call) => {
            let mut cost = 1.0;
            if let Some(target) = call.target.as_deref() {
                cost += walk(target, names).0;
            }
            let mut first = Known::Nothing;
            for (at, argument) in call.args.iter().enumerate() {
                let (own, known) = walk(argument, names);
                cost += own;
                if at == 0 {
                    first = known;
                }
            }
            (cost, if call.func_name == operators::INDEX { largest(first) } else { Known::Nothing })
        }
        Expr::Comprehension(fold) => {
            let (range, known) = walk(&fold.iter_range, names);
            let init = walk(&fold.accu_init, names).0;
            let before = names.len();
            names.push((&fold.accu_var, Known::Nothing));
            match &fold.iter_var2 {
                None => names.push((&fold.iter_var, largest(known))),
                Some(second) => names.extend([(&*fold.iter_var, Known::Nothing), (&**second, largest(known))]),
            }
            let each = walk(&fold.loop_cond, names).0 + walk(&fold.loop_step, names).0;
            let result = walk(&fold.result, names).0;
            names.truncate(before);
            (range + init + length(known) * each + result, Known::Nothing)
        }
        Expr::List(list) => (list.elements.iter().map(|element| walk(element, names).0).sum::<f64>(), Known::Nothing),
        Expr::Map(map) => {
            let cost = map.entries.iter().map(|entry| match &entry.expr {
                EntryExpr::MapEntry(pair) => walk(&pair.key, names).0 + walk(&pair.value, names).0,
                EntryExpr::StructField(field) => walk(&field.value, names).0,
            });
            (cost.sum::<f64>(), Known::Nothing)
        }
        Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => (0.0, Known::Nothing),
    }
}

fn field<'a>(known: Known<'a>, name: &str) -> Known<'a> {
    let below = |schema: &'a Schema| schema.properties.get(name).or(schema.additional());
    match known {
        Known::Schema(schema) => below(schema).map_or(Known::Nothing, Known::Schema),
        Known::Value(schema, value) => match (below(schema), value.get(name)) {
            (Some(schema), Some(value)) => Known::Value(schema, value),
            _ => Known::Nothing,
        },
        Known::Nothing => Known::Nothing,
    }
}

/// The member of a list or map that has most in it.
fn largest(known: Known<'_>) -> Known<'_> {
    match known {
        Known::Schema(schema) => schema.items.as_deref().or(schema.additional()).map_or(Known::Nothing, Known::Schema),
        Known::Value(schema, value) => {
            let members: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(fields) => fields.values().collect(),
                _ => Vec::new(),
            };
            let most = members.into_iter().max_by_key(|member| size(member));
            match (schema.items.as_deref().or(schema.additional()), most) {
                (Some(schema), Some(value)) => Known::Value(schema, value),
                _ => Known::Nothing,
            }
        }
        Known::Nothing => Known::Nothing,
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

fn length(known: Known<'_>) -> f64 {
    match known {
        Known::Schema(schema) => most_items(schema),
        Known::Value(_, Value::Array(items)) => items.len() as f64,
        Known::Value(_, Value::Object(fields)) => fields.len() as f64,
        Known::Value(..) => 0.0,
        // what a function gave: upstream guesses no better
        Known::Nothing => 1.0,
    }
}

/// How many members a list or map can have.
pub(crate) fn most_items(schema: &Schema) -> f64 {
    match (schema.types, &schema.limits) {
        (Types::Array, limits) => match (limits.max_items, schema.items.as_deref()) {
            (Some(most), _) => most as f64,
            (None, Some(below)) => (LARGEST - 2.0) / (least_size(below) + 1.0),
            (None, None) => LARGEST,
        },
        (Types::Object, limits) => match (limits.max_properties, schema.additional()) {
            (Some(most), _) => most as f64,
            (None, Some(below)) => (LARGEST - 2.0) / (least_size(below) + 6.0),
            (None, None) => schema.properties.len() as f64,
        },
        _ => 1.0,
    }
}

/// How many bytes a value takes at least.
fn least_size(schema: &Schema) -> f64 {
    match schema.types {
        Types::Array | Types::String => 2.0,
        Types::Boolean => 4.0,
        Types::Object => {
            let required = schema.required.iter().filter_map(|name| Some((name.len(), schema.properties.get(name)?)));
            2.0 + required.map(|(name, below)| name as f64 + least_size(below) + 4.0).sum::<f64>()
        }
        Types::Integer | Types::Number | Types::Any => 1.0,
    }
}
