//! A container's environment, command and arguments. Pure: what they refer to is fetched before.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, Pod, Secret};

use super::field_ref::{self, Facts};

/// The ConfigMaps and Secrets that a pod's namespace has, of those asked for. An absent one has no entry.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) config_maps: HashMap<String, ConfigMap>,
    pub(crate) secrets: HashMap<String, Secret>,
}

/// What must be fetched to know an environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    ConfigMap(String),
    Secret(String),
}

/// A Service as environment variables tell of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceAddress {
    pub(crate) name: String,
    pub(crate) ip: String,
    /// Name, protocol, port.
    pub(crate) ports: Vec<(String, String, u16)>,
}

/// Names of what the environment is made from.
pub(crate) fn sources(container: &Container) -> Vec<Source> {
    let mut all = Vec::new();
    for from in container.env_from.iter().flatten() {
        all.extend(from.config_map_ref.iter().map(|r| Source::ConfigMap(r.name.clone())));
        all.extend(from.secret_ref.iter().map(|r| Source::Secret(r.name.clone())));
    }
    for from in container.env.iter().flatten().filter_map(|var| var.value_from.as_ref()) {
        all.extend(from.config_map_key_ref.iter().map(|r| Source::ConfigMap(r.name.clone())));
        all.extend(from.secret_key_ref.iter().map(|r| Source::Secret(r.name.clone())));
    }
    all.sort();
    all.dedup();
    all
}

/// The environment, or the message of a `CreateContainerConfigError`.
pub(crate) fn environment(
    pod: &Pod,
    container: &Container,
    sources: &Sources,
    services: &[ServiceAddress],
    facts: &Facts,
) -> Result<Vec<(String, String)>, String> {
    let from_services: BTreeMap<String, String> = services.iter().flat_map(service_variables).collect();
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or("");
        if let Some(reference) = &from.config_map_ref {
            match sources.config_maps.get(&reference.name) {
                Some(map) => {
                    let data = map.data.iter().flatten();
                    all.extend(data.map(|(key, value)| (format!("{prefix}{key}"), value.clone())));
                }
                None if reference.optional == Some(true) => {}
                None => return Err(format!("configmap {:?} not found", reference.name)),
            }
        }
        if let Some(reference) = &from.secret_ref {
            match sources.secrets.get(&reference.name) {
                Some(secret) => {
                    let data = secret.data.iter().flatten();
                    all.extend(data.map(|(key, value)| (format!("{prefix}{key}"), text(&value.0))));
                }
                None if reference.optional == Some(true) => {}
                None => return Err(format!("secret {:?} not found", reference.name)),
            }
        }
    }
    // only what stands before a variable can be used in it
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    for var in container.env.iter().flatten() {
        if let Some(value) =
            value(pod, container, var, sources, facts, |name| own.get(name).or_else(|| from_services.get(name)).cloned())?
        {
            own.insert(var.name.clone(), value);
        }
    }
    all.extend(own);
    for (name, value) in from_services {
        all.entry(name).or_insert(value);
    }
    Ok(all.into_iter().collect())
}

/// `command` and `args` with their `$(NAME)`s replaced.
pub(crate) fn arguments(container: &Container, env: &[(String, String)]) -> Vec<String> {
    let lookup = |name: &str| env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let command = container.command.iter().flatten().chain(container.args.iter().flatten());
    command.map(|word| expand(word, lookup)).collect()
}

fn value(
    pod: &Pod,
    container: &Container,
    var: &EnvVar,
    sources: &Sources,
    facts: &Facts,
    known: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    let Some(from) = &var.value_from else {
        return Ok(Some(expand(var.value.as_deref().unwrap_or(""), known)));
    };
    let namespace = pod.metadata.namespace.as_deref().unwrap_or("");
    if let Some(field) = &from.field_ref {
        let path = &field.field_path;
        return field_ref::field(pod, path, facts).map(Some).ok_or_else(|| format!("unsupported fieldPath: {path}"));
    }
    if let Some(selector) = &from.resource_field_ref {
        let spec = pod.spec.as_ref();
        let named = selector.container_name.as_deref().filter(|name| !name.is_empty());
        let other = named.and_then(|name| spec.and_then(|s| s.containers.iter().find(|c| c.name == name)));
        return field_ref::resource(other.unwrap_or(container), selector, facts).map(Some);
    }
    if let Some(key) = &from.config_map_key_ref {
        let optional = key.optional == Some(true);
        return match sources.config_maps.get(&key.name) {
            None if optional => Ok(None),
            None => Err(format!("configmap {:?} not found", key.name)),
            Some(map) => match map.data.as_ref().and_then(|data| data.get(&key.key)) {
                None if !optional => Err(format!("couldn't find key {} in ConfigMap {namespace}/{}", key.key, key.name)),
                value => Ok(value.cloned()),
            },
        };
    }
    if let Some(key) = &from.secret_key_ref {
        let optional = key.optional == Some(true);
        return match sources.secrets.get(&key.name) {
            None if optional => Ok(None),
            None => Err(format!("secret {:?} not found", key.name)),
            Some(secret) => match secret.data.as_ref().and_then(|data| data.get(&key.key)) {
                None if !optional => Err(format!("couldn't find key {} in Secret {namespace}/{}", key.key, key.name)),
                value => Ok(value.map(|bytes| text(&bytes.0))),
            },
        };
    }
    Err(format!("environment variable `{}` takes its value from what this node does not support", var.name))
}

/// Environments are text; what is not is shown as well as can be.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Replaces `$(NAME)`; `$$` is a dollar; what nobody knows stays as it is written.
pub(crate) fn expand(input: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(next) = after.strip_prefix('$') {
            out.push('$');
            rest = next;
        } else if let Some((name, next)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match known(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[at..at + name.len() + 3]),
            }
            rest = next;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The variables of the Docker links of old, which Kubernetes still gives.
fn service_variables(service: &ServiceAddress) -> Vec<(String, String)> {
    let prefix = service.name.to_uppercase().replace('-', "_");
    let Some((_, _, first)) = service.ports.first() else { return Vec::new() };
    let mut all =
        vec![(format!("{prefix}_SERVICE_HOST"), service.ip.clone()), (format!("{prefix}_SERVICE_PORT"), first.to_string())];
    for (i, (name, protocol, port)) in service.ports.iter().enumerate() {
        if !name.is_empty() {
            let name = name.to_uppercase().replace('-', "_");
            all.push((format!("{prefix}_SERVICE_PORT_{name}"), port.to_string()));
        }
        let lower = protocol.to_lowercase();
        let url = format!("{lower}://{}:{port}", service.ip);
        if i == 0 {
            all.push((format!("{prefix}_PORT"), url.clone()));
        }
        let link = format!("{prefix}_PORT_{port}_{protocol}");
        all.push((format!("{link}_PROTO"), lower));
        all.push((format!("{link}_PORT"), port.to_string()));
        all.push((format!("{link}_ADDR"), service.ip.clone()));
        all.push((link, url));
    }
    all
}

#[cfg(test)]
mod tests;
