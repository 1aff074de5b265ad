//! JSONPath as client-go writes it: `.status.conditions[?(@.type=="Ready")].status`.

use serde_json::Value;

/// A path that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    /// From, to, by.
    Slice(Option<i64>, Option<i64>, i64),
    All,
    /// Every value below, however deep.
    Descend,
    Filter(Operand, Comparison, Operand),
    Exists(Path),
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(Path),
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Path {
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Descend);
                rest = after;
                if !rest.starts_with('[') {
                    let (name, after) = field(rest);
                    steps.push(name);
                    rest = after;
                }
            } else if let Some(after) = rest.strip_prefix('.') {
                let (step, after) = field(after);
                if !matches!(&step, Step::Field(name) if name.is_empty()) {
                    steps.push(step);
                }
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (inside, after) = bracket(after).ok_or_else(|| "unterminated array".to_owned())?;
                steps.push(within(inside)?);
                rest = after;
            } else {
                return Err(format!("unrecognized character in action: {:?}", rest.chars().next().unwrap_or_default()));
            }
        }
        Ok(Self(steps))
    }

    /// What it leads to, in order.
    pub fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.apply(value)).collect();
        }
        found
    }
}

/// A name up to the next `.` or `[`; a backslash takes the next character as it is.
fn field(text: &str) -> (Step, &str) {
    let (mut name, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' => return (named(name), &text[at..]),
            _ => name.push(c),
        }
    }
    (named(name), "")
}

fn named(name: String) -> Step {
    if name == "*" { Step::All } else { Step::Field(name) }
}

/// What is between brackets, and what follows; quotes and inner brackets are passed over.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn within(text: &str) -> Result<Step, String> {
    let text = text.trim();
    if text == "*" {
        return Ok(Step::All);
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return self::filter(filter.trim());
    }
    if let Some(name) = quoted(text) {
        return Ok(Step::Field(name));
    }
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("invalid array index {text}"));
    let optional = |text: &str| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) };
    match text.split(':').collect::<Vec<_>>()[..] {
        [one] => Ok(Step::Index(number(one)?)),
        [from, to] => Ok(Step::Slice(optional(from)?, optional(to)?, 1)),
        [from, to, by] => Ok(Step::Slice(optional(from)?, optional(to)?, optional(by)?.unwrap_or(1))),
        _ => Err(format!("invalid array index {text}")),
    }
}

fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.replace("\\.", ".").replace(&format!("\\{quote}"), &quote.to_string()))
}

fn filter(text: &str) -> Result<Step, String> {
    const OPERATORS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    for (operator, comparison) in OPERATORS {
        if let Some((left, right)) = text.split_once(operator) {
            return Ok(Step::Filter(operand(left)?, comparison, operand(right)?));
        }
    }
    match operand(text)? {
        Operand::Path(path) => Ok(Step::Exists(path)),
        Operand::Value(_) => Err(format!("unrecognized filter {text}")),
    }
}

fn operand(text: &str) -> Result<Operand, String> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix('@') {
        return Ok(Operand::Path(Path::parse(path)?));
    }
    if let Some(text) = quoted(text) {
        return Ok(Operand::Value(text.into()));
    }
    serde_json::from_str(text).map(Operand::Value).map_err(|_| format!("unrecognized value {text}"))
}

impl Step {
    fn apply<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Self::Index(at), Value::Array(items)) => {
                place(*at, items.len()).and_then(|at| items.get(at)).into_iter().collect()
            }
            (Self::Slice(from, to, by), Value::Array(items)) => {
                let end = |at: Option<i64>, none: usize| at.map_or(none, |at| clamp(at, items.len()));
                let (from, to) = (end(*from, 0), end(*to, items.len()));
                let by = usize::try_from(*by).unwrap_or(1).max(1);
                items.iter().take(to).skip(from).step_by(by).collect()
            }
            (Self::All, Value::Array(items)) => items.iter().collect(),
            (Self::All, Value::Object(fields)) => fields.values().collect(),
            (Self::Descend, value) => {
                let mut all = vec![value];
                let mut next = 0;
                while let Some(value) = all.get(next) {
                    let below: Vec<&Value> = Self::All.apply(value);
                    all.extend(below);
                    next += 1;
                }
                all
            }
            (Self::Filter(left, comparison, right), Value::Array(items)) => {
                items.iter().filter(|item| compare(left.of(item), *comparison, right.of(item))).collect()
            }
            (Self::Exists(path), Value::Array(items)) => items.iter().filter(|item| !path.find(item).is_empty()).collect(),
            _ => Vec::new(),
        }
    }
}

impl Operand {
    fn of<'a>(&'a self, item: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Path(path) => path.find(item).first().copied(),
            Self::Value(value) => Some(value),
        }
    }
}

fn compare(left: Option<&Value>, comparison: Comparison, right: Option<&Value>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        _ if left == right => Some(std::cmp::Ordering::Equal),
        _ => None,
    };
    match comparison {
        Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::NotEqual => !order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

fn place(at: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if at < 0 { at + length } else { at }).ok()
}

fn clamp(at: i64, length: usize) -> usize {
    place(at, length).unwrap_or(0).min(length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_that_columns_use() {
        let value = json!({
            "spec": { "replicas": 3, "a.b": "dotted", "list": [{ "n": 1 }, { "n": 2 }, { "n": 3 }] },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }, { "type": "Other", "status": "False" }] },
        });
        let cases = [
            (".spec.replicas", json!([3])),
            (".spec.missing.deeper", json!([])),
            (".spec.a\\.b", json!(["dotted"])),
            (".spec['a.b']", json!(["dotted"])),
            (".spec.list[0].n", json!([1])),
            (".spec.list[-1].n", json!([3])),
            (".spec.list[*].n", json!([1, 2, 3])),
            (".spec.list[0:2].n", json!([1, 2])),
            (".spec.list[?(@.n>=2)].n", json!([2, 3])),
            (".status.conditions[?(@.type==\"Ready\")].status", json!(["True"])),
            (".status.conditions[?(@.type=='Other')].status", json!(["False"])),
            ("..n", json!([1, 2, 3])),
        ];
        for (path, expected) in cases {
            let found = Path::parse(path).unwrap().find(&value).into_iter().cloned().collect::<Vec<_>>();
            assert_eq!(Value::from(found), expected, "{path}");
        }
        assert!(Path::parse("spec").is_err());
        assert!(Path::parse(".spec[").is_err());
    }
}
