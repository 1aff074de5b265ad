//! What an expression says of values that are not there: `self.z`, where the schema knows no `z`. Values whose schema is open, or that
//! come out of a function, may be anything.

use crate::{
    cel::{
        Expression,
        cel::{
            IdedExpr,
            common::ast::{EntryExpr, Expr, operators},
        },
        escape,
    },
    custom::schema::{Schema, Types},
};

/// What is known of a value.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// `whole`: an object with what every object has.
    Of(&'a Schema, bool),
    Metadata,
    Anything,
}

/// The complaint about the first field that does not exist, in cel-go's words; `whole` as for [`Kind::Of`].
pub(crate) fn undefined(expression: &Expression, text: &str, schema: &Schema, whole: bool) -> Option<String> {
    let mut check =
        Check { names: vec![("self", Kind::Of(schema, whole)), ("oldSelf", Kind::Of(schema, whole))], missing: None };
    check.kind(expression.tree());
    let field = check.missing?;
    let at = text.find(&format!(".{field}")).unwrap_or_default();
    let dots = ".".repeat(at);
    Some(format!("compilation failed: ERROR: <input>:1:{}: undefined field '{field}'\n | {text}\n | {dots}^", at + 1))
}

struct Check<'a> {
    names: Vec<(&'a str, Kind<'a>)>,
    missing: Option<String>,
}

impl<'a> Check<'a> {
    fn kind(&mut self, tree: &'a IdedExpr) -> Kind<'a> {
        match &tree.expr {
            Expr::Ident(name) => {
                let known = self.names.iter().rev().find(|(bound, _)| bound == name);
                known.map_or(Kind::Anything, |(_, kind)| *kind)
            }
            Expr::Select(select) => {
                let operand = self.kind(&select.operand);
                self.field(operand, &select.field)
            }
            Expr::Call(call) => {
                let target = call.target.as_deref().map(|target| self.kind(target));
                let arguments: Vec<Kind<'a>> = call.args.iter().map(|argument| self.kind(argument)).collect();
                match (call.func_name.as_str(), target, arguments.as_slice()) {
                    (operators::INDEX, _, [Kind::Of(schema, _), ..]) => element(schema),
                    _ => Kind::Anything,
                }
            }
            Expr::Comprehension(fold) => {
                let range = self.kind(&fold.iter_range);
                self.kind(&fold.accu_init);
                let before = self.names.len();
                let each = match range {
                    Kind::Of(schema, _) if schema.types == Types::Array => element(schema),
                    // the keys of a map
                    _ => Kind::Anything,
                };
                self.names.push((&fold.accu_var, Kind::Anything));
                match &fold.iter_var2 {
                    None => self.names.push((&fold.iter_var, each)),
                    Some(second) => {
                        let value = if let Kind::Of(schema, _) = range { element(schema) } else { Kind::Anything };
                        self.names.extend([(&*fold.iter_var, Kind::Anything), (&**second, value)]);
                    }
                }
                for part in [&fold.loop_cond, &fold.loop_step, &fold.result] {
                    self.kind(part);
                }
                self.names.truncate(before);
                Kind::Anything
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.kind(element);
                }
                Kind::Anything
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(pair) => {
                            self.kind(&pair.key);
                            self.kind(&pair.value);
                        }
                        EntryExpr::StructField(field) => drop(self.kind(&field.value)),
                    }
                }
                Kind::Anything
            }
            Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => Kind::Anything,
        }
    }

    fn field(&mut self, operand: Kind<'a>, name: &str) -> Kind<'a> {
        let (schema, whole) = match operand {
            Kind::Anything => return Kind::Anything,
            Kind::Metadata if matches!(name, "name" | "generateName") => return Kind::Anything,
            Kind::Metadata => {
                self.missing.get_or_insert_with(|| name.to_owned());
                return Kind::Anything;
            }
            Kind::Of(schema, whole) => (schema, whole),
        };
        match name {
            "metadata" if whole => return Kind::Metadata,
            "apiVersion" | "kind" if whole => return Kind::Anything,
            _ => {}
        }
        let called = |field: &&String| escape(field).as_deref().unwrap_or(field) == name;
        if let Some(field) = schema.properties.keys().find(called) {
            let below = &schema.properties[field];
            return Kind::Of(below, below.embedded);
        }
        if let Some(below) = schema.additional() {
            return Kind::Of(below, below.embedded);
        }
        if schema.types == Types::Object && schema.additional.is_none() {
            self.missing.get_or_insert_with(|| name.to_owned());
        }
        Kind::Anything
    }
}

fn element(schema: &Schema) -> Kind<'_> {
    match schema.items.as_deref().or(schema.additional()) {
        Some(below) => Kind::Of(below, below.embedded),
        None => Kind::Anything,
    }
}
