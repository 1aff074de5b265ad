//! Which requests a webhook or a policy is about: rules, and selectors of namespaces and objects.

use api::{Key, Kind, Status, kind::Version, kinds, selector::LabelSelector};
use serde_json::Value;

use super::{Attributes, Operation};
use crate::app::Row;

/// What is said once and looked at for every write.
pub(super) struct Matcher {
    rules: Vec<Rule>,
    excluded: Vec<Rule>,
    /// A request that comes in under another version of the same kind is meant, too.
    equivalent: bool,
    namespaces: LabelSelector,
    objects: LabelSelector,
}

struct Rule {
    operations: Vec<String>,
    groups: Vec<String>,
    versions: Vec<String>,
    /// Resource and subresource.
    resources: Vec<(String, String)>,
    /// Empty: any.
    names: Vec<String>,
    scope: Scope,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Any,
    Cluster,
    Namespaced,
}

impl Matcher {
    /// `said` has the selectors and the policy; a missing selector is one that matches everything.
    pub(super) fn of(said: &Value, rule_list: &Value, excluded: &Value) -> Self {
        let selector = |name: &str| match &said[name] {
            Value::Null => LabelSelector::default(),
            selector => LabelSelector::of(selector),
        };
        let rules = |rules: &Value| rules.as_array().into_iter().flatten().map(Rule::of).collect();
        Self {
            rules: rules(rule_list),
            excluded: rules(excluded),
            equivalent: said["matchPolicy"] != "Exact",
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
        }
    }

    /// The version in which the request is meant, if it is.
    ///
    /// # Errors
    /// The namespace whose labels decide is not there.
    pub(super) fn version(&self, attributes: &Attributes<'_>, object: &Value) -> Result<Option<&'static Version>, Status> {
        let Some(version) = self.by_rules(attributes, object) else { return Ok(None) };
        Ok((self.selects(attributes, object)?).then_some(version))
    }

    /// Whether a binding is about the request: without rules, about whatever its policy is about.
    ///
    /// # Errors
    /// The namespace whose labels decide is not there.
    pub(super) fn covers(&self, attributes: &Attributes<'_>, object: &Value) -> Result<bool, Status> {
        if !self.rules.is_empty() {
            return Ok(self.version(attributes, object)?.is_some());
        }
        let excluded = self.excluded.iter().any(|rule| rule.matches(attributes, object, attributes.row.version));
        Ok(!excluded && self.selects(attributes, object)?)
    }

    /// Whether the selectors choose namespace and object.
    fn selects(&self, attributes: &Attributes<'_>, object: &Value) -> Result<bool, Status> {
        Ok(self.object(attributes, object) && self.namespace(attributes, object)?)
    }

    fn by_rules(&self, attributes: &Attributes<'_>, object: &Value) -> Option<&'static Version> {
        let any = |rules: &[Rule], version: &Version| rules.iter().any(|rule| rule.matches(attributes, object, version));
        let asked = attributes.row.version;
        let others = equivalents(attributes.row.kind).filter(|version| self.equivalent && !std::ptr::eq(*version, asked));
        let candidates: Vec<&'static Version> = std::iter::once(asked).chain(others).collect();
        if candidates.iter().any(|version| any(&self.excluded, version)) {
            return None;
        }
        // The rules' own order decides among equivalents.
        let equivalents = self.rules.iter().flat_map(|rule| {
            let candidates = candidates.iter().skip(1);
            candidates.filter(|version| rule.matches(attributes, object, version)).copied()
        });
        any(&self.rules, asked).then_some(asked).or_else(|| equivalents.into_iter().next())
    }

    fn object(&self, attributes: &Attributes<'_>, object: &Value) -> bool {
        let chosen =
            |value: &Value| value["metadata"].is_object() && self.objects.matches_json(&value["metadata"]["labels"]);
        self.objects.is_everything() || chosen(object) || attributes.old.is_some_and(chosen)
    }

    fn namespace(&self, attributes: &Attributes<'_>, object: &Value) -> Result<bool, Status> {
        if self.namespaces.is_everything() {
            return Ok(true);
        }
        if std::ptr::eq(attributes.row.kind, &kinds::NAMESPACE) {
            let namespace = if object["metadata"].is_object() { object } else { attributes.old.unwrap_or(object) };
            return Ok(self.namespaces.matches_json(&namespace["metadata"]["labels"]));
        }
        if !attributes.row.kind.namespaced {
            return Ok(true);
        }
        let name = attributes.namespace();
        let namespace = attributes.app.store.get(&kinds::NAMESPACE, &Key::cluster(name));
        let namespace = namespace.ok_or_else(|| Status::not_found(&kinds::NAMESPACE, name))?;
        Ok(self.namespaces.matches(&namespace.meta.labels))
    }
}

impl Rule {
    fn of(rule: &Value) -> Self {
        let texts = |name: &str| {
            let said = rule[name].as_array().into_iter().flatten();
            said.filter_map(|text| text.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let split = |resource: String| match resource.split_once('/') {
            Some((resource, sub)) => (resource.to_owned(), sub.to_owned()),
            None => (resource, String::new()),
        };
        Self {
            operations: texts("operations"),
            groups: texts("apiGroups"),
            versions: texts("apiVersions"),
            resources: texts("resources").into_iter().map(split).collect(),
            names: texts("resourceNames"),
            scope: match rule["scope"].as_str() {
                Some("Cluster") => Scope::Cluster,
                Some("Namespaced") => Scope::Namespaced,
                _ => Scope::Any,
            },
        }
    }

    fn matches(&self, attributes: &Attributes<'_>, object: &Value, version: &Version) -> bool {
        let one_of = |list: &[String], wanted: &str| list.iter().any(|said| said == "*" || said == wanted);
        let kind: &Kind = attributes.row.kind;
        let sub = attributes.call.info.subresource.as_str();
        one_of(&self.operations, attributes.operation.as_str())
            && one_of(&self.groups, version.group)
            && one_of(&self.versions, version.version)
            && self
                .resources
                .iter()
                .any(|(resource, below)| (resource == "*" || resource == kind.plural) && (below == "*" || below == sub))
            && match self.scope {
                Scope::Any => true,
                Scope::Cluster => !kind.namespaced,
                Scope::Namespaced => kind.namespaced,
            }
            && (self.names.is_empty() || self.names.iter().any(|name| name == attributes.name(object)))
    }
}

/// All versions of a kind. Each version of a custom kind has a row of its own; where a webhook converts between them, they
/// are not the same to admission: it would have to be asked for every policy.
fn equivalents(kind: &'static Kind) -> impl Iterator<Item = &'static Version> {
    let rows = kind.custom.filter(|custom| custom.definition.converts_itself()).map(|custom| custom.definition.rows());
    let rows = rows.unwrap_or(std::slice::from_ref(kind));
    rows.iter().filter(|row| row.is_served()).flat_map(|row| row.versions.iter())
}

/// The row that a version of a kind belongs to.
pub(super) fn row_of(kind: &'static Kind, version: &'static Version) -> Row {
    let rows = kind.custom.map(|custom| custom.definition.rows()).unwrap_or_default();
    let own = rows.iter().find(|row| row.versions.iter().any(|known| std::ptr::eq(known, version)));
    Row { kind: own.unwrap_or(kind), version }
}

/// The object as the version shows it; a subresource's own body is the same in all.
pub(super) fn in_version(attributes: &Attributes<'_>, version: &'static Version, value: &Value) -> Value {
    let mut value = value.clone();
    let whole = attributes.operation != Operation::Connect && !attributes.has_own_body();
    if whole && value.is_object() && !std::ptr::eq(version, attributes.row.kind.hub()) {
        (version.from_hub)(&mut value);
        value["apiVersion"] = version.api_version().into();
        value["kind"] = attributes.row.kind.kind.into();
    }
    value
}
