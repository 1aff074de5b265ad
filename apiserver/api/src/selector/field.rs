//! Field selectors: equalities over the fields that a kind's row lists.

use std::fmt;

use crate::{Kind, kind::Version, object::Meta};

/// Terms that must all hold; without any, everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    value: String,
    comparison: Comparison,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
}

impl FieldSelector {
    /// Reads the syntax of `fieldSelector=` in a URL; `\` escapes `,`, `=` and itself in values.
    ///
    /// # Errors
    /// In upstream's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                continue;
            }
            let misunderstood = || format!("invalid selector: '{text}'; can't understand '{part}'");
            let at = part.find(['=', '!']).ok_or_else(misunderstood)?;
            let (field, rest) = part.split_at(at);
            let (comparison, value) = match (rest.strip_prefix("!="), rest.strip_prefix("=="), rest.strip_prefix('=')) {
                (Some(value), _, _) => (Comparison::NotEqual, value),
                (_, Some(value), _) | (_, _, Some(value)) => (Comparison::Equal, value),
                _ => return Err(misunderstood()),
            };
            terms.push(Term { field: field.to_owned(), value: unescape(value)?, comparison });
        }
        Ok(Self { terms })
    }

    /// Says the same in the hub's names.
    #[must_use]
    pub fn in_hub(mut self, version: &Version) -> Self {
        for term in &mut self.terms {
            if let Some((_, hub)) = version.field_labels.iter().find(|(label, _)| *label == term.field) {
                (*hub).clone_into(&mut term.field);
            }
        }
        self
    }

    /// Whether objects of `kind` can be asked this.
    ///
    /// # Errors
    /// Names the first field that cannot, in upstream's words.
    pub fn check(&self, kind: &Kind) -> Result<(), String> {
        let known = |field: &str| generic(field) || kind.selects(field);
        match self.terms.iter().find(|term| !known(&term.field)) {
            None => Ok(()),
            Some(term) if kind.fields.is_empty() => Err(format!(
                "{:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                term.field
            )),
            Some(term) => Err(format!("field label not supported: {}", term.field)),
        }
    }

    /// `meta` is of an object of `kind`; a field that `check` refuses is empty.
    pub fn matches(&self, kind: &Kind, meta: &Meta) -> bool {
        self.terms.iter().all(|term| {
            let value = match term.field.as_str() {
                "metadata.name" => &*meta.key.name,
                "metadata.namespace" => &*meta.key.namespace,
                path => kind
                    .fields
                    .iter()
                    .position(|f| f.path == path)
                    .map_or("", |at| meta.fields.get(at).map_or("", |value| &**value)),
            };
            (value == term.value) == (term.comparison == Comparison::Equal)
        })
    }

    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// The value that `field` must equal, if the selector says so: lets a reader of one object skip the list.
    pub fn requires(&self, field: &str) -> Option<&str> {
        let equal = |term: &&Term| term.comparison == Comparison::Equal && term.field == field;
        self.terms.iter().find(equal).map(|term| term.value.as_str())
    }
}

fn generic(field: &str) -> bool {
    matches!(field, "metadata.name" | "metadata.namespace")
}

/// Cuts at commas that no backslash precedes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                Some(other) => return Err(format!("invalid escape sequence: \\{other}")),
                None => return Err("invalid escape sequence: \\".to_owned()),
            },
            ',' | '=' => return Err(format!("unescaped {c:?} in value {value:?}")),
            plain_char => plain.push(plain_char),
        }
    }
    Ok(plain)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let sign = if term.comparison == Comparison::Equal { "=" } else { "!=" };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(f, "{comma}{}{sign}{value}", term.field)?;
        }
        Ok(())
    }
}
