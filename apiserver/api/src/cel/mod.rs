//! CEL as Kubernetes speaks it: expressions of webhooks and policies, compiled once and evaluated against JSON.

/// `authorizer`: may the caller do this or that.
pub mod authorizer;
/// What is surely wrong with an expression.
pub mod check;
/// JSON to the language's values and back; the schema tells times and bytes from strings.
mod convert;
/// Which names an expression mentions, and objects it makes.
mod rewrite;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

pub use kube_cel::cel::{self, Value as CelValue};
use kube_cel::{
    KubeCelExt,
    cel::{Context, IdedExpr, parser::Parser},
};
use serde_json::Value;

pub(crate) use convert::{escape, time};
pub use convert::{from_json, to_json};
pub use rewrite::REQUEST_RESOURCE;

use crate::schema::Type;

/// Every function of Kubernetes' environment; expressions only add variables to it.
static FUNCTIONS: LazyLock<Context<'static>> = LazyLock::new(|| {
    let mut context = Context::default().with_all();
    authorizer::register(&mut context);
    // the interpreter has no values that are types: their names are as good, since they are only compared
    for name in ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"] {
        context.add_variable_from_value(name, name);
    }
    context.add_function("type", |value: CelValue| Arc::new(convert::type_name(&value).to_owned()));
    context
});

/// Parsing and evaluating recurse; a deeper expression could end on the stack's end, and the server with it.
const DEEPEST: usize = 1000;

/// How deep `text` can be nested at most: each level is written with one of these characters, outside of quotes.
fn operators(text: &str) -> usize {
    let (mut count, mut quote, mut escaped) = (0, None, false);
    for byte in text.bytes() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (
                None,
                b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'&' | b'|' | b'?' | b'.' | b'(' | b'['
                | b'{',
            ) => {
                count += 1;
            }
            (None, _) => {}
        }
    }
    count
}

/// An expression that was understood.
#[derive(Debug)]
pub struct Expression {
    tree: IdedExpr,
}

impl Expression {
    /// Compiles `text`, which may speak of the variables `declared`.
    ///
    /// # Errors
    /// In the words of cel-go: `compilation failed: ERROR: <input>:1:5: …`.
    pub fn compile(text: &str, declared: &[&str]) -> Result<Self, String> {
        if operators(text) > DEEPEST {
            return Err(format!("compilation failed: ERROR: <input>:1:1: expression recursion limit exceeded: {DEEPEST}"));
        }
        let parsed = Parser::new().enable_optional_syntax(true).parse(text);
        // cel-go begins the lines of a snippet with a space.
        let mut tree =
            parsed.map_err(|errors| format!("compilation failed: {}", errors.to_string().replace("\n|", "\n |")))?;
        rewrite::plain(&mut tree);
        let unknown = rewrite::free_variables(&tree).into_iter().filter(|name| !declared.contains(&name.as_str()));
        let complaints: Vec<String> = unknown
            .map(|name| {
                let column = text.find(&name).unwrap_or_default();
                let dots = ".".repeat(column);
                format!(
                    "ERROR: <input>:1:{}: undeclared reference to '{name}' (in container '')\n | {text}\n | {dots}^",
                    column + 1
                )
            })
            .collect();
        if complaints.is_empty() { Ok(Self { tree }) } else { Err(format!("compilation failed: {}", complaints.join("\n"))) }
    }

    /// Whether it speaks of this variable.
    pub fn mentions(&self, name: &str) -> bool {
        rewrite::free_variables(&self.tree).contains(name)
    }

    pub fn tree(&self) -> &IdedExpr {
        &self.tree
    }
}

/// Variables with values, in which expressions are evaluated.
pub struct Scope(Context<'static>);

impl Default for Scope {
    fn default() -> Self {
        Self(FUNCTIONS.new_inner_scope())
    }
}

impl Scope {
    /// Gives a variable the value of an object; `schema` tells times and bytes from strings.
    pub fn set(&mut self, name: &str, schema: Option<&'static Type>, value: &Value) {
        self.set_value(name, from_json(schema, value));
    }

    pub fn set_value(&mut self, name: &str, value: CelValue) {
        self.0.add_variable_from_value(name, value);
    }

    /// # Errors
    /// Why there is no value, in cel-go's words where they are known.
    pub fn evaluate(&self, expression: &Expression) -> Result<CelValue, String> {
        self.0.resolve(&expression.tree).map_err(|error| convert::failure(&error))
    }

    /// # Errors
    /// Also when the value is no truth.
    pub fn holds(&self, expression: &Expression) -> Result<bool, String> {
        match self.evaluate(expression)? {
            CelValue::Bool(truth) => Ok(truth),
            other => Err(format!("expression evaluated to {}, want bool", other.type_of())),
        }
    }
}
