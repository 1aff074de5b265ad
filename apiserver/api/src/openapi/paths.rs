//! The paths of a kind, from its row.

use super::operation::{Answer, BUILT_IN, Body, CUSTOM, Operation, PathItem, VERBS, Verb};
use crate::{
    Kind,
    kind::{Serves, Subresource, Version},
    schema::{self, Type},
};

/// One kind in one version.
struct Served<'a> {
    kind: &'a Kind,
    version: &'a Version,
    schema: &'static Type,
    /// `/apis/apps/v1`.
    prefix: String,
}

/// A place below the prefix: its path, and what it is called in operation ids.
struct Place {
    path: String,
    /// Before and after the kind: `Namespaced`, `Status`.
    scope: &'static str,
    suffix: String,
    parameters: Vec<&'static str>,
}

/// Discovery's path, and those of every kind in `group`/`version`. Kinds whose type nobody knows are left out.
pub(super) fn of_group(kinds: &[&Kind], group: &str, version: &str) -> Vec<PathItem> {
    let prefix = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let mut items: Vec<PathItem> = discovery(&prefix, group, version).into_iter().collect();
    for kind in kinds {
        let found = kind.versions.iter().find(|v| v.group == group && v.version == version);
        let Some((version, schema)) = found.and_then(|v| Some((v, kind.type_in(v)?))) else { continue };
        of_kind(&Served { kind, version, schema, prefix: prefix.clone() }, &mut items);
    }
    items
}

fn discovery(prefix: &str, group: &str, version: &str) -> Option<PathItem> {
    let answer = schema::find("io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList")?;
    let operation = Operation {
        method: "get",
        action: "",
        id: format!("get{}{}APIResources", title_of_group(group), title(version)),
        description: "get available resources".into(),
        tag: tag(group, version),
        query: Vec::new(),
        body: None,
        codes: VERBS[0].codes,
        answer: Answer::Object(answer),
        media: &BUILT_IN,
        gvk: None,
    };
    Some(PathItem { path: format!("{prefix}/"), parameters: Vec::new(), operations: vec![operation] })
}

fn of_kind(served: &Served<'_>, items: &mut Vec<PathItem>) {
    let (kind, prefix) = (served.kind, &served.prefix);
    let plural = kind.plural;
    let (below, scope, parameters) = match kind.namespaced {
        true => (format!("{prefix}/namespaces/{{namespace}}/{plural}"), "Namespaced", vec!["namespace"]),
        false => (format!("{prefix}/{plural}"), "", vec![]),
    };
    let collection = Place { path: below.clone(), scope, suffix: String::new(), parameters: parameters.clone() };
    items.extend(item(served, &collection, |verb| verb.is_for_collections()));
    if kind.namespaced {
        let path = format!("{prefix}/{plural}");
        let everywhere = Place { path, scope: "", suffix: "ForAllNamespaces".into(), parameters: vec![] };
        items.extend(item(served, &everywhere, |verb| verb.name == "list"));
    }
    let parameters = [parameters, vec!["name"]].concat();
    let path = format!("{below}/{{name}}");
    let single = Place { path: path.clone(), scope, suffix: String::new(), parameters: parameters.clone() };
    items.extend(item(served, &single, |verb| !verb.is_for_collections()));
    for subresource in kind.subresources {
        let path = format!("{path}/{}", subresource.name);
        let place = Place { path, scope, suffix: title(subresource.name), parameters: parameters.clone() };
        items.extend(subresource_item(served, &place, subresource));
    }
}

fn item(served: &Served<'_>, place: &Place, fits: impl Fn(&Verb) -> bool) -> Option<PathItem> {
    let verbs = VERBS.iter().filter(|verb| fits(verb) && served.kind.verbs.contains(&verb.name));
    path_item(place, verbs.map(|verb| operation(served, place, verb, served.schema)).collect())
}

fn subresource_item(served: &Served<'_>, place: &Place, subresource: &Subresource) -> Option<PathItem> {
    let own = subresource.kind.is_empty();
    let schema = match own {
        true => Some(served.schema),
        false => schema::find_kind(subresource.group, subresource.version, subresource.kind),
    }?;
    let verbs = VERBS.iter().filter(|verb| subresource.verbs.contains(&verb.name));
    let operations = verbs.map(|verb| {
        let mut operation = operation(served, place, verb, schema);
        operation.description = format!("{} {} of the specified {}", verb.prefix, subresource.name, served.kind.kind);
        if !own {
            operation.gvk = Some([subresource.group, subresource.version, subresource.kind].map(str::to_owned));
        }
        if subresource.serves == Serves::Node {
            operation.answer = Answer::Text;
            operation.body = None;
            operation.query.clear();
            if subresource.name != "log" {
                operation.action = "connect";
            }
        }
        operation
    });
    path_item(place, operations.collect())
}

fn path_item(place: &Place, operations: Vec<Operation>) -> Option<PathItem> {
    if operations.is_empty() {
        return None;
    }
    Some(PathItem { path: place.path.clone(), parameters: place.parameters.clone(), operations })
}

fn operation(served: &Served<'_>, place: &Place, verb: &Verb, schema: &'static Type) -> Operation {
    let (group, version) = (served.version.group, served.version.version);
    let collection = if verb.name == "deletecollection" { "Collection" } else { "" };
    let name = format!("{}{collection}{}{}{}", title(version), place.scope, served.kind.kind, place.suffix);
    let article = if matches!(verb.name, "create" | "delete") { " a" } else { "" };
    let answer = match verb.name {
        "list" => list_of(served).map_or(Answer::Object(schema), Answer::List),
        "delete" | "deletecollection" => status().map_or(Answer::Text, Answer::Object),
        _ => Answer::Object(schema),
    };
    Operation {
        method: verb.method,
        action: verb.action,
        id: format!("{}{}{name}", verb.prefix, title_of_group(group)),
        description: format!("{}{article} {}", verb.sentence, served.kind.kind),
        tag: tag(group, version),
        query: verb.query(),
        body: match verb.name {
            "create" | "update" => Some(Body::Object(schema)),
            "patch" => Some(Body::Patch),
            "delete" | "deletecollection" => Some(Body::DeleteOptions),
            _ => None,
        },
        codes: verb.codes,
        answer,
        media: if served.kind.custom.is_some() { &CUSTOM } else { &BUILT_IN },
        gvk: Some([group, version, served.kind.kind].map(str::to_owned)),
    }
}

fn list_of(served: &Served<'_>) -> Option<&'static Type> {
    match served.kind.custom {
        Some(custom) => Some(custom.version().list),
        None => schema::find(&format!("{}List", served.schema.name)),
    }
}

fn status() -> Option<&'static Type> {
    schema::find("io.k8s.apimachinery.pkg.apis.meta.v1.Status")
}

/// `apps_v1`, `core_v1`, `networking_v1`.
fn tag(group: &str, version: &str) -> String {
    let group = title_of_group(group);
    let lower = group.chars().next().map_or_else(String::new, |c| c.to_ascii_lowercase().to_string());
    format!("{lower}{}_{version}", group.get(1..).unwrap_or_default())
}

/// `Core`, `Apps`, `RbacAuthorization`.
fn title_of_group(group: &str) -> String {
    match group.trim_end_matches(".k8s.io") {
        "" => "Core".into(),
        name => name.split('.').map(title).collect(),
    }
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
