//! Amounts of what a node has and a pod asks for.

use std::collections::BTreeMap;

use api::quantity::Quantity;
use serde::Deserialize;

/// CPU in thousandths of a core, the rest in bytes or pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) storage: i64,
    /// Extended resources and huge pages, by name.
    pub(crate) others: BTreeMap<Box<str>, i64>,
}

/// A list of resources as the API writes it.
#[derive(Deserialize, Default)]
#[serde(transparent)]
pub(crate) struct Amounts(BTreeMap<Box<str>, Amount>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Text(Box<str>),
    Number(serde_json::Number),
}

impl Amount {
    /// Validation has seen it: what cannot be read counts as nothing.
    fn quantity(&self) -> Quantity {
        match self {
            Self::Text(text) => Quantity::parse(text),
            Self::Number(number) => Quantity::parse(&number.to_string()),
        }
        .unwrap_or(Quantity::ZERO)
    }
}

impl Amounts {
    pub(crate) fn resources(&self) -> Resources {
        let mut resources = Resources::default();
        for (name, amount) in &self.0 {
            let amount = amount.quantity();
            match &**name {
                "cpu" => resources.cpu = saturate(amount.milli()),
                "memory" => resources.memory = saturate(amount.value()),
                "ephemeral-storage" => resources.storage = saturate(amount.value()),
                "pods" => {}
                _ => {
                    resources.others.insert(name.clone(), saturate(amount.value()));
                }
            }
        }
        resources
    }

    pub(crate) fn value(&self, name: &str) -> Option<i64> {
        self.0.get(name).map(|amount| saturate(amount.quantity().value()))
    }
}

impl Resources {
    pub(crate) fn add(&mut self, other: &Self) {
        self.combine(other, i64::saturating_add);
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.combine(other, i64::saturating_sub);
        self.others.retain(|_, amount| *amount != 0);
    }

    /// The larger of both, for each resource.
    pub(crate) fn raise(&mut self, other: &Self) {
        self.combine(other, i64::max);
    }

    pub(crate) fn other(&self, name: &str) -> i64 {
        self.others.get(name).copied().unwrap_or_default()
    }

    fn combine(&mut self, other: &Self, with: impl Fn(i64, i64) -> i64) {
        self.cpu = with(self.cpu, other.cpu);
        self.memory = with(self.memory, other.memory);
        self.storage = with(self.storage, other.storage);
        for (name, amount) in &other.others {
            let mine = self.others.entry(name.clone()).or_default();
            *mine = with(*mine, *amount);
        }
    }
}

fn saturate(amount: i128) -> i64 {
    amount.clamp(i64::MIN.into(), i64::MAX.into()).try_into().expect("it was clamped")
}
