//! What objects count for against a quota: names of resources, scopes, and how much an object uses. Pure; admission and the
//! controller count by the same rules.

/// Claims and services.
mod others;
/// What pods ask for.
pub mod pod;
/// Which objects a quota is about.
mod scope;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Kind, kinds, quantity::Quantity};

pub use scope::is_scoped;

/// Amounts by the names that quotas give them.
pub type Usage = BTreeMap<String, Quantity>;

/// A quota, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    pub name: String,
    pub hard: Usage,
    scopes: Vec<scope::Scope>,
}

/// Names that say how many objects of the core group there are; others say `count/<plural>.<group>`.
const COUNTED: [&str; 6] = ["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"];
const STANDARD: [&str; 23] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
    "hugepages-",
    "requests.hugepages-",
    "limits.hugepages-",
    "storage",
];

/// Whether a quota may speak of a resource that has no domain.
pub fn is_standard(name: &str) -> bool {
    STANDARD.iter().any(|known| if known.ends_with('-') { name.starts_with(known) } else { name == *known })
}

/// Whether only whole amounts make sense.
pub fn is_counted(name: &str) -> bool {
    COUNTED.contains(&name)
        || name.starts_with("count/")
        || matches!(name, "persistentvolumeclaims" | "services.nodeports" | "services.loadbalancers")
}

impl Quota {
    /// Reads a stored ResourceQuota.
    pub fn of(quota: &Value) -> Self {
        Self {
            name: quota["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            hard: amounts(&quota["spec"]["hard"]),
            scopes: scope::Scope::all(&quota["spec"]),
        }
    }

    /// The limits that objects of `kind` can use up.
    pub fn tracked<'a>(&'a self, kind: &'a Kind) -> impl Iterator<Item = &'a str> {
        self.hard.keys().map(String::as_str).filter(|name| counts(kind, name))
    }

    pub fn tracks(&self, kind: &Kind) -> bool {
        self.tracked(kind).next().is_some()
    }

    /// What the object uses of this quota; nothing if the quota is about others.
    pub fn usage(&self, kind: &Kind, object: &Value) -> Usage {
        if !self.tracks(kind) || !self.scopes.iter().all(|scope| scope.holds(kind, object)) {
            return Usage::new();
        }
        let mut usage = usage(kind, object);
        usage.retain(|name, amount| self.hard.contains_key(name) && !amount.is_zero());
        usage
    }

    /// Whether the scopes choose the object.
    pub fn covers(&self, kind: &Kind, object: &Value) -> bool {
        self.tracks(kind) && self.scopes.iter().all(|scope| scope.holds(kind, object))
    }

    /// Why the object cannot be counted, though it must be: `must specify cpu for: c`.
    pub fn unspecified(&self, kind: &Kind, object: &Value) -> Option<String> {
        is_pod(kind).then(|| pod::unspecified(self.hard.keys().map(String::as_str), &object["spec"])).flatten()
    }
}

fn is(kind: &Kind, other: &Kind) -> bool {
    kind.plural == other.plural && kind.group() == other.group()
}

fn is_pod(kind: &Kind) -> bool {
    is(kind, &kinds::POD)
}

/// Whether objects of `kind` use what a quota calls `name`.
fn counts(kind: &Kind, name: &str) -> bool {
    if name.strip_prefix("count/").is_some_and(|resource| resource == kind.resource()) {
        return true;
    }
    if is_pod(kind) {
        return pod::counts(name);
    }
    if is(kind, &kinds::SERVICE) {
        return matches!(name, "services" | "services.nodeports" | "services.loadbalancers");
    }
    if is(kind, &kinds::PERSISTENT_VOLUME_CLAIM) {
        return others::claim_counts(name);
    }
    kind.group().is_empty() && name == kind.plural && COUNTED.contains(&name)
}

/// All that an object uses, by every name a quota may use.
fn usage(kind: &Kind, object: &Value) -> Usage {
    let one = Quantity::whole(1);
    let mut usage = Usage::from([(format!("count/{}", kind.resource()), one)]);
    if is_pod(kind) {
        usage.extend(pod::usage(object));
    } else if is(kind, &kinds::SERVICE) {
        usage.extend(others::service(object));
    } else if is(kind, &kinds::PERSISTENT_VOLUME_CLAIM) {
        usage.extend(others::claim(object));
    } else if kind.group().is_empty() && COUNTED.contains(&kind.plural) {
        usage.insert(kind.plural.to_owned(), one);
    }
    usage
}

/// A list of amounts.
pub fn amounts(list: &Value) -> Usage {
    let members = list.as_object().into_iter().flatten();
    members.filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount.as_str()?).ok()?))).collect()
}

pub fn add(total: &mut Usage, more: &Usage) {
    for (name, amount) in more {
        let sum = total.get(name).copied().unwrap_or(Quantity::ZERO) + *amount;
        total.insert(name.clone(), sum);
    }
}

pub fn subtract(total: &mut Usage, less: &Usage) {
    for (name, amount) in less {
        let rest = total.get(name).copied().unwrap_or(Quantity::ZERO) - *amount;
        total.insert(name.clone(), rest);
    }
}

/// `cpu=1,pods=5`.
pub fn pretty(usage: &Usage) -> String {
    usage.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
}

/// The JSON of a list of amounts.
pub fn to_json(usage: &Usage) -> Value {
    usage
        .iter()
        .map(|(name, amount)| (name.clone(), Value::from(amount.to_string())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
