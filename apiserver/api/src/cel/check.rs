//! What is surely wrong with an expression, given the types of its variables: unknown fields, operators between types that have
//! none. Whatever the checker does not know is of any type, so it complains of nothing that could be right.

use kube_cel::cel::{
    IdedExpr,
    common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue},
    parser::Parser,
};

use crate::schema::{Container, Field, FieldType, Shape, Type};

/// What an expression can be.
#[derive(Clone, Debug)]
pub enum Kind {
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Box<Kind>),
    /// Keys are strings.
    Map(Box<Kind>),
    Object(&'static Type),
    /// An object of these members.
    Members(Vec<(String, Kind)>),
}

/// Complaints in the form of cel-go, and the kind of the whole.
pub fn check(text: &str, variables: &[(&str, Kind)]) -> (Vec<String>, Kind) {
    // What cannot be parsed was refused when it was written.
    let Ok(tree) = Parser::new().enable_optional_syntax(true).parse(text) else { return (Vec::new(), Kind::Any) };
    let names = variables.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect();
    let mut checker = Checker { text, names, complaints: Vec::new() };
    let kind = checker.kind(&tree);
    (checker.complaints, kind)
}

struct Checker<'a> {
    text: &'a str,
    /// The innermost is the last.
    names: Vec<(String, Kind)>,
    complaints: Vec<String>,
}

impl Kind {
    /// Of an object whose schema is known.
    pub fn of(schema: &'static Type) -> Self {
        match schema.shape {
            Shape::Object => Self::Object(schema),
            Shape::Quantity | Shape::Duration => Self::String,
            Shape::Time | Shape::MicroTime => Self::Timestamp,
            _ => Self::Any,
        }
    }

    fn of_field(field: &'static Field) -> Self {
        let one = match field.kind {
            FieldType::String => Self::String,
            FieldType::Int32 | FieldType::Int64 => Self::Int,
            FieldType::Double => Self::Double,
            FieldType::Bool => Self::Bool,
            FieldType::Bytes => Self::Bytes,
            FieldType::Object(schema) => Self::of(schema),
        };
        match field.container {
            Container::One => one,
            Container::List => Self::List(Box::new(one)),
            Container::Map => Self::Map(Box::new(one)),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Any => "dyn".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Uint => "uint".to_owned(),
            Self::Double => "double".to_owned(),
            Self::String => "string".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::List(item) => format!("list({})", item.name()),
            Self::Map(value) => format!("map(string, {})", value.name()),
            Self::Object(schema) => schema.short_name().to_owned(),
            Self::Members(_) => "object".to_owned(),
        }
    }

    fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) | (Self::Map(a), Self::Map(b)) => a.is_any() || b.is_any() || a.is_same(b),
            (Self::Object(_) | Self::Members(_) | Self::Map(_), Self::Object(_) | Self::Members(_) | Self::Map(_)) => true,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Checker<'_> {
    fn kind(&mut self, tree: &IdedExpr) -> Kind {
        match &tree.expr {
            Expr::Unspecified => Kind::Any,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Bool,
                LiteralValue::Bytes(_) => Kind::Bytes,
                LiteralValue::Double(_) => Kind::Double,
                LiteralValue::Int(_) => Kind::Int,
                LiteralValue::Null => Kind::Null,
                LiteralValue::String(_) => Kind::String,
                LiteralValue::UInt(_) => Kind::Uint,
            },
            Expr::Ident(name) => {
                let known = self.names.iter().rev().find(|(known, _)| known == name);
                known.map_or(Kind::Any, |(_, kind)| kind.clone())
            }
            Expr::Select(select) => {
                let operand = self.kind(&select.operand);
                let member = self.member(&operand, &select.field);
                if select.test { Kind::Bool } else { member }
            }
            Expr::Call(call) => {
                let target = call.target.as_deref().map(|target| self.kind(target));
                let arguments: Vec<Kind> = call.args.iter().map(|argument| self.kind(argument)).collect();
                match target {
                    Some(_) => Kind::Any,
                    None => self.operator(&call.func_name, &arguments),
                }
            }
            Expr::List(list) => {
                let items: Vec<Kind> = list.elements.iter().map(|item| self.kind(item)).collect();
                let alike = items.windows(2).all(|pair| pair[0].is_same(&pair[1]));
                let item = items.into_iter().next().filter(|_| alike).unwrap_or(Kind::Any);
                Kind::List(Box::new(item))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(pair) = &entry.expr {
                        self.kind(&pair.key);
                        self.kind(&pair.value);
                    }
                }
                Kind::Map(Box::new(Kind::Any))
            }
            Expr::Struct(made) => {
                for entry in &made.entries {
                    if let EntryExpr::StructField(field) = &entry.expr {
                        self.kind(&field.value);
                    }
                }
                Kind::Any
            }
            Expr::Comprehension(fold) => self.fold(fold),
        }
    }

    /// A macro like `all` or `map`: its own variables are what the range holds.
    fn fold(&mut self, fold: &ComprehensionExpr) -> Kind {
        let range = self.kind(&fold.iter_range);
        let begin = self.kind(&fold.accu_init);
        let depth = self.names.len();
        let item = match range {
            Kind::List(item) => *item,
            Kind::Map(_) => Kind::String,
            _ => Kind::Any,
        };
        self.names.push((fold.iter_var.clone(), if fold.iter_var2.is_some() { Kind::Any } else { item }));
        self.names.extend(fold.iter_var2.clone().map(|name| (name, Kind::Any)));
        let carried = if matches!(begin, Kind::Bool) { Kind::Bool } else { Kind::Any };
        self.names.push((fold.accu_var.clone(), carried.clone()));
        for part in [&fold.loop_cond, &fold.loop_step, &fold.result] {
            self.kind(part);
        }
        self.names.truncate(depth);
        carried
    }

    fn member(&mut self, operand: &Kind, name: &str) -> Kind {
        let plain = name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or(name);
        let found = match operand {
            Kind::Any => return Kind::Any,
            Kind::Map(value) => return (**value).clone(),
            Kind::Object(schema) => {
                let plain = plain.replace("__dash__", "-").replace("__dot__", ".").replace("__slash__", "/");
                schema.field(&plain).map(Kind::of_field)
            }
            Kind::Members(members) => members.iter().find(|(known, _)| known == name).map(|(_, kind)| kind.clone()),
            other => {
                let why = format!("type '{}' does not support field selection", other.name());
                self.complain(&format!(".{name}"), 0, &why);
                return Kind::Any;
            }
        };
        found.unwrap_or_else(|| {
            self.complain(&format!(".{name}"), 0, &format!("undefined field '{name}'"));
            Kind::Any
        })
    }

    fn operator(&mut self, name: &str, arguments: &[Kind]) -> Kind {
        let (symbol, result) = match name {
            "_>_" | "_<_" | "_>=_" | "_<=_" | "_==_" | "_!=_" | "_&&_" | "_||_" | "@in" => {
                (name.trim_matches('_').trim_start_matches('@'), Kind::Bool)
            }
            "_+_" | "_-_" | "_*_" | "_/_" | "_%_" => {
                (name.trim_matches('_'), arguments.first().cloned().unwrap_or(Kind::Any))
            }
            "!_" => ("!", Kind::Bool),
            "_?_:_" => return arguments.get(1).cloned().unwrap_or(Kind::Any),
            "_[_]" => {
                return match arguments.first() {
                    Some(Kind::List(item) | Kind::Map(item)) => (**item).clone(),
                    _ => Kind::Any,
                };
            }
            "size" => return Kind::Int,
            "string" => return Kind::String,
            "int" => return Kind::Int,
            _ => return Kind::Any,
        };
        let fits = match arguments {
            [one] => one.is_any() || matches!(one, Kind::Bool),
            [a, b] if a.is_any() || b.is_any() => true,
            [a, b] => fits(name, a, b),
            _ => true,
        };
        if fits {
            return result;
        }
        let names: Vec<String> = arguments.iter().map(Kind::name).collect();
        let why = format!("found no matching overload for '{name}' applied to '({})'", names.join(", "));
        self.complain(symbol, 0, &why);
        result
    }

    /// The tree does not say where it was written; the first place that looks like it is shown.
    fn complain(&mut self, symbol: &str, offset: usize, why: &str) {
        let column = self.text.find(symbol).unwrap_or_default() + offset;
        let dots = ".".repeat(column);
        self.complaints.push(format!("ERROR: <input>:1:{}: {why}\n | {}\n | {dots}^", column + 1, self.text));
    }
}

fn fits(operator: &str, a: &Kind, b: &Kind) -> bool {
    let time = |kind: &Kind| matches!(kind, Kind::Timestamp | Kind::Duration);
    match operator {
        "_&&_" | "_||_" => matches!((a, b), (Kind::Bool, Kind::Bool)),
        "_==_" | "_!=_" => {
            a.is_same(b) || (a.is_number() && b.is_number()) || matches!(a, Kind::Null) || matches!(b, Kind::Null)
        }
        "_>_" | "_<_" | "_>=_" | "_<=_" => {
            let ordered = matches!(a, Kind::Bool | Kind::String | Kind::Bytes | Kind::Timestamp | Kind::Duration);
            (a.is_number() && b.is_number()) || (ordered && a.is_same(b))
        }
        "_+_" => {
            let joined = a.is_number() || matches!(a, Kind::String | Kind::Bytes | Kind::List(_) | Kind::Duration);
            (joined && a.is_same(b)) || (time(a) && time(b))
        }
        "_-_" => (a.is_number() && a.is_same(b)) || (time(a) && time(b)),
        "_*_" | "_/_" | "_%_" => a.is_number() && a.is_same(b),
        "@in" => matches!(b, Kind::List(_) | Kind::Map(_)),
        _ => true,
    }
}
