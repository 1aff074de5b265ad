//! What a version's schema says: `JSONSchemaProps`, decoded once.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::rules::Rule;

/// A schema and those below it. What is not said is empty.
#[derive(Debug, Default)]
pub struct Schema {
    pub types: Types,
    pub format: String,
    pub nullable: bool,
    pub default: Option<Value>,
    pub properties: BTreeMap<String, Schema>,
    pub additional: Option<Additional>,
    pub items: Option<Box<Schema>>,
    pub required: Vec<String>,
    pub limits: Limits,
    pub all_of: Vec<Schema>,
    pub any_of: Vec<Schema>,
    pub one_of: Vec<Schema>,
    pub not: Option<Box<Schema>>,
    pub preserve_unknown: bool,
    pub embedded: bool,
    pub int_or_string: bool,
    /// `atomic`, `set`, `map`, or empty.
    pub list_type: String,
    pub list_keys: Vec<String>,
    /// `granular`, `atomic`, or empty.
    pub map_type: String,
    /// `x-kubernetes-validations`.
    pub rules: Vec<Rule>,
    /// Whether it or anything below has a default: nothing is walked in vain.
    pub has_defaults: bool,
    /// The same for rules.
    pub has_rules: bool,
}

/// `type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Types {
    #[default]
    Any,
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// `additionalProperties`.
#[derive(Debug)]
pub enum Additional {
    Allowed(bool),
    Schema(Box<Schema>),
}

/// What values may be.
#[derive(Debug, Default)]
pub struct Limits {
    pub enumeration: Option<Vec<Value>>,
    pub pattern: Option<Pattern>,
    pub max_length: Option<i64>,
    pub min_length: Option<i64>,
    pub maximum: Option<f64>,
    pub exclusive_maximum: bool,
    pub minimum: Option<f64>,
    pub exclusive_minimum: bool,
    pub multiple_of: Option<f64>,
    pub max_items: Option<i64>,
    pub min_items: Option<i64>,
    pub unique_items: bool,
    pub max_properties: Option<i64>,
    pub min_properties: Option<i64>,
}

/// A regular expression and how it was written.
#[derive(Debug)]
pub struct Pattern {
    pub text: String,
    /// `Err`: why it does not compile.
    pub regex: Result<regex::Regex, String>,
}

impl Types {
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }

    fn named(name: &str) -> Self {
        let all = [Self::Object, Self::Array, Self::String, Self::Integer, Self::Number, Self::Boolean];
        all.into_iter().find(|ty| ty.name() == name).unwrap_or_default()
    }
}

impl Schema {
    /// Reads what validation has let through; what it does not understand is as if it were not there.
    pub fn read(value: &Value) -> Self {
        let flag = |name: &str| value[name].as_bool().unwrap_or(false);
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let one = |name: &str| value.get(name).filter(|v| v.is_object()).map(|v| Box::new(Self::read(v)));
        let many = |name: &str| value[name].as_array().into_iter().flatten().map(Self::read).collect::<Vec<_>>();
        let mut schema = Self {
            types: Types::named(value["type"].as_str().unwrap_or_default()),
            format: text("format"),
            nullable: flag("nullable"),
            default: value.get("default").cloned(),
            properties: members(&value["properties"]).map(|(name, v)| (name.clone(), Self::read(v))).collect(),
            additional: match value.get("additionalProperties") {
                Some(Value::Bool(allowed)) => Some(Additional::Allowed(*allowed)),
                Some(schema @ Value::Object(_)) => Some(Additional::Schema(Box::new(Self::read(schema)))),
                _ => None,
            },
            items: one("items"),
            required: strings(&value["required"]),
            limits: Limits::read(value),
            all_of: many("allOf"),
            any_of: many("anyOf"),
            one_of: many("oneOf"),
            not: one("not"),
            preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
            embedded: flag("x-kubernetes-embedded-resource"),
            int_or_string: flag("x-kubernetes-int-or-string"),
            list_type: text("x-kubernetes-list-type"),
            list_keys: strings(&value["x-kubernetes-list-map-keys"]),
            map_type: text("x-kubernetes-map-type"),
            rules: value["x-kubernetes-validations"].as_array().into_iter().flatten().map(Rule::read).collect(),
            has_defaults: false,
            has_rules: false,
        };
        schema.has_rules = !schema.rules.is_empty() || schema.children().any(|child| child.has_rules);
        schema.has_defaults = schema.default.is_some() || schema.children().any(|child| child.has_defaults);
        schema
    }

    /// Properties, items and additional properties: where values are.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.properties.values().chain(self.items.as_deref()).chain(self.additional())
    }

    /// What an item of a list was before, where that can be told: in a list that is a map, the one of the same keys.
    pub(super) fn partner<'a>(&self, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
        let old = old?.as_array()?;
        match self.list_type.as_str() {
            "map" => old.iter().find(|before| self.list_keys.iter().all(|key| before[key] == item[key])),
            "set" => old.iter().find(|before| *before == item),
            _ => None,
        }
    }

    /// The schema of values under names that are no properties.
    pub fn additional(&self) -> Option<&Self> {
        match &self.additional {
            Some(Additional::Schema(schema)) => Some(schema),
            _ => None,
        }
    }
}

impl Limits {
    fn read(value: &Value) -> Self {
        let flag = |name: &str| value[name].as_bool().unwrap_or(false);
        let integer = |name: &str| value[name].as_i64();
        Self {
            enumeration: value["enum"].as_array().cloned(),
            pattern: value["pattern"].as_str().filter(|text| !text.is_empty()).map(Pattern::new),
            max_length: integer("maxLength"),
            min_length: integer("minLength"),
            maximum: value["maximum"].as_f64(),
            exclusive_maximum: flag("exclusiveMaximum"),
            minimum: value["minimum"].as_f64(),
            exclusive_minimum: flag("exclusiveMinimum"),
            multiple_of: value["multipleOf"].as_f64(),
            max_items: integer("maxItems"),
            min_items: integer("minItems"),
            unique_items: flag("uniqueItems"),
            max_properties: integer("maxProperties"),
            min_properties: integer("minProperties"),
        }
    }
}

impl Pattern {
    pub fn new(text: &str) -> Self {
        // Go's RE2 and this engine read the same language, but for `\z`, which both know, and `\Z`, which neither does.
        let regex = regex::Regex::new(text).map_err(|error| error.to_string());
        Self { text: text.to_owned(), regex }
    }
}

pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
