//! The syntax of label selectors: a tokenizer and one function per rule of the grammar.

use super::{Operator, Requirement};
use crate::names;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Word,
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Not,
    Greater,
    Less,
    Open,
    Close,
    Comma,
    End,
}

const SYMBOLS: &str = "=!(),><";

/// # Errors
/// In upstream's words; the caller sends them as they are.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), next: 0 };
    let mut requirements = Vec::new();
    loop {
        match parser.peek_value() {
            (Token::Word | Token::Not, _) => {
                let requirement = parser.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?;
                requirements.push(requirement);
            }
            (Token::End, _) => return Ok(requirements),
            (_, found) => return Err(format!("found '{found}', expected: !, identifier, or 'end of string'")),
        }
        match parser.take_value() {
            (Token::End, _) => return Ok(requirements),
            (Token::Comma, _) => match parser.peek_value() {
                (Token::Word | Token::Not, _) => {}
                (_, found) => return Err(format!("found '{found}', expected: identifier after ','")),
            },
            (_, found) => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<(Token, &'a str)>,
    next: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> (Token, &'a str) {
        self.tokens.get(self.next).copied().unwrap_or((Token::End, ""))
    }

    /// Where a key or value is due, `in` and `notin` are words.
    fn peek_value(&self) -> (Token, &'a str) {
        match self.peek() {
            (Token::In | Token::NotIn, text) => (Token::Word, text),
            other => other,
        }
    }

    fn take(&mut self) -> (Token, &'a str) {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn take_value(&mut self) -> (Token, &'a str) {
        let token = self.peek_value();
        self.next += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.take_value();
        let negated = token.0 == Token::Not;
        if negated {
            token = self.take_value();
        }
        let (Token::Word, key) = token else {
            return Err(format!("found '{}', expected: identifier", token.1));
        };
        complain("<nil>", key, &names::qualified(key))?;
        if negated {
            return Ok(Requirement::new(key.to_owned(), Operator::DoesNotExist, Vec::new()));
        }
        if matches!(self.peek_value().0, Token::End | Token::Comma) {
            return Ok(Requirement::new(key.to_owned(), Operator::Exists, Vec::new()));
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.value()?],
        };
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) && values[0].parse::<i64>().is_err() {
            let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
            return Err(format!("values[0]: Invalid value: {:?}: {detail}", values[0]));
        }
        for (i, value) in values.iter().enumerate() {
            complain(&format!("values[{i}][{key}]"), value, &names::label_value(value))?;
        }
        Ok(Requirement::new(key.to_owned(), operator, values))
    }

    fn operator(&mut self) -> Result<Operator, String> {
        match self.take() {
            (Token::In, _) => Ok(Operator::In),
            (Token::NotIn, _) => Ok(Operator::NotIn),
            (Token::Equals, _) => Ok(Operator::Equals),
            (Token::DoubleEquals, _) => Ok(Operator::DoubleEquals),
            (Token::NotEquals, _) => Ok(Operator::NotEquals),
            (Token::Greater, _) => Ok(Operator::GreaterThan),
            (Token::Less, _) => Ok(Operator::LessThan),
            (_, found) => Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    /// `(a, b)`; an empty place between commas is the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.take_value() {
            (Token::Open, _) => {}
            (_, found) => return Err(format!("found '{found}' expected: '('")),
        }
        let mut values = Vec::new();
        let mut due = true;
        loop {
            match self.take_value() {
                (Token::Word, word) if due => {
                    values.push(word.to_owned());
                    due = false;
                }
                (Token::Comma, _) => {
                    if due {
                        values.push(String::new());
                    }
                    due = true;
                }
                (Token::Close, _) => {
                    if due {
                        values.push(String::new());
                    }
                    return Ok(values);
                }
                (_, found) if due => return Err(format!("found '{found}', expected: ',', ')' or identifier")),
                (_, found) => return Err(format!("found '{found}', expected: ',' or ')'")),
            }
        }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.peek_value() {
            (Token::End | Token::Comma, _) => Ok(String::new()),
            (Token::Word, word) => {
                self.next += 1;
                Ok(word.to_owned())
            }
            (_, found) => Err(format!("found '{found}', expected: identifier")),
        }
    }
}

fn complain(path: &str, value: &str, complaints: &[String]) -> Result<(), String> {
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("{path}: Invalid value: {value:?}: {}", complaints.join("; ")))
}

fn tokens(text: &str) -> Vec<(Token, &str)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { return tokens };
        let length = if SYMBOLS.contains(first) {
            if ["==", "!="].iter().any(|two| rest.starts_with(two)) { 2 } else { 1 }
        } else {
            rest.find(|c: char| SYMBOLS.contains(c) || " \t\r\n".contains(c)).unwrap_or(rest.len())
        };
        let (lexeme, after) = rest.split_at(length);
        tokens.push((token(lexeme), lexeme));
        rest = after;
    }
}

fn token(lexeme: &str) -> Token {
    match lexeme {
        "in" => Token::In,
        "notin" => Token::NotIn,
        "=" => Token::Equals,
        "==" => Token::DoubleEquals,
        "!=" => Token::NotEquals,
        "!" => Token::Not,
        ">" => Token::Greater,
        "<" => Token::Less,
        "(" => Token::Open,
        ")" => Token::Close,
        "," => Token::Comma,
        _ => Token::Word,
    }
}
