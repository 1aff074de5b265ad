//! What the files of a ConfigMap, Secret, downward API or projected volume are. Pure: what they refer to is fetched before.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{
        ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, ServiceAccountTokenProjection, Volume,
    },
};

use crate::kubelet::{
    env::{Source, Sources},
    field_ref::{self, Facts},
};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct File {
    pub(super) content: Vec<u8>,
    pub(super) mode: u32,
}

/// The files of a volume, or the sentence that says what is wrong.
pub(super) type Files = Result<BTreeMap<String, File>, String>;

/// What the files are made from.
pub(super) struct Given<'g> {
    pub(super) pod: &'g Pod,
    pub(super) facts: &'g Facts,
    pub(super) sources: &'g Sources,
    /// Tokens by the path they are wanted at.
    pub(super) tokens: &'g BTreeMap<String, String>,
}

/// The ConfigMaps and Secrets a volume is made from.
pub(crate) fn sources(volume: &Volume) -> Vec<Source> {
    let mut all = Vec::new();
    all.extend(volume.config_map.iter().map(|source| Source::ConfigMap(source.name.clone())));
    all.extend(volume.secret.iter().filter_map(|source| source.secret_name.clone()).map(Source::Secret));
    for part in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
        all.extend(part.config_map.iter().map(|source| Source::ConfigMap(source.name.clone())));
        all.extend(part.secret.iter().map(|source| Source::Secret(source.name.clone())));
    }
    all
}

/// The tokens a volume wants.
pub(super) fn tokens(volume: &Volume) -> impl Iterator<Item = &ServiceAccountTokenProjection> {
    let parts = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    parts.filter_map(|part| part.service_account_token.as_ref())
}

/// The files of `volume`; `None` if it is a kind whose content is not ours.
pub(super) fn files(volume: &Volume, given: &Given<'_>) -> Option<Files> {
    if let Some(source) = &volume.config_map {
        let mode = mode(source.default_mode);
        let optional = source.optional == Some(true);
        return Some(config_map(&source.name, source.items.as_deref(), mode, optional, given.sources));
    }
    if let Some(source) = &volume.secret {
        let (mode, optional) = (mode(source.default_mode), source.optional == Some(true));
        let name = source.secret_name.as_deref().unwrap_or_default();
        return Some(secret(name, source.items.as_deref(), mode, optional, given.sources));
    }
    if let Some(source) = &volume.downward_api {
        return Some(downward(source.items.as_deref(), mode(source.default_mode), given));
    }
    let projected = volume.projected.as_ref()?;
    let mode = mode(projected.default_mode);
    let mut all = BTreeMap::new();
    for part in projected.sources.iter().flatten() {
        let files = if let Some(source) = &part.config_map {
            config_map(&source.name, source.items.as_deref(), mode, source.optional == Some(true), given.sources)
        } else if let Some(source) = &part.secret {
            secret(&source.name, source.items.as_deref(), mode, source.optional == Some(true), given.sources)
        } else if let Some(source) = &part.downward_api {
            downward(source.items.as_deref(), mode, given)
        } else if let Some(source) = &part.service_account_token {
            let token = given.tokens.get(&source.path).ok_or_else(|| "the token was not issued".to_owned());
            token.map(|token| BTreeMap::from([(source.path.clone(), File { content: token.clone().into(), mode })]))
        } else {
            Err("this source of a projected volume is not supported by this node".to_owned())
        };
        match files {
            Ok(files) => all.extend(files),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(all))
}

fn config_map(name: &str, items: Option<&[KeyToPath]>, mode: u32, optional: bool, sources: &Sources) -> Files {
    let Some(ConfigMap { data, binary_data, .. }) = sources.config_maps.get(name) else {
        return absent(optional, format!("configmap {name:?} not found"));
    };
    let text = data.iter().flatten().map(|(key, value)| (key.as_str(), value.as_bytes()));
    let binary = binary_data.iter().flatten().map(|(key, ByteString(value))| (key.as_str(), value.as_slice()));
    let missing = |key: &str| format!("configmap references non-existent config key: {key}");
    project(text.chain(binary).collect(), items, mode, optional, missing)
}

fn secret(name: &str, items: Option<&[KeyToPath]>, mode: u32, optional: bool, sources: &Sources) -> Files {
    let Some(Secret { data, .. }) = sources.secrets.get(name) else {
        return absent(optional, format!("secret {name:?} not found"));
    };
    let data = data.iter().flatten().map(|(key, ByteString(value))| (key.as_str(), value.as_slice()));
    let missing = |key: &str| format!("references non-existent secret key: {key}");
    project(data.collect(), items, mode, optional, missing)
}

fn absent(optional: bool, message: String) -> Files {
    if optional { Ok(BTreeMap::new()) } else { Err(message) }
}

fn project(
    data: BTreeMap<&str, &[u8]>,
    items: Option<&[KeyToPath]>,
    mode: u32,
    optional: bool,
    missing: impl Fn(&str) -> String,
) -> Files {
    let file = |content: &[u8], mode| File { content: content.to_vec(), mode };
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        return Ok(data.into_iter().map(|(key, content)| (key.to_owned(), file(content, mode))).collect());
    };
    let mut all = BTreeMap::new();
    for item in items {
        match data.get(item.key.as_str()) {
            Some(content) => {
                let mode = item.mode.map_or(mode, |mode| mode.unsigned_abs());
                all.insert(checked(&item.path)?, file(content, mode));
            }
            None if optional => {}
            None => return Err(missing(&item.key)),
        }
    }
    Ok(all)
}

fn downward(items: Option<&[DownwardAPIVolumeFile]>, mode: u32, given: &Given<'_>) -> Files {
    let mut all = BTreeMap::new();
    for item in items.into_iter().flatten() {
        let content = if let Some(field) = &item.field_ref {
            let path = &field.field_path;
            let value = field_ref::field(given.pod, path, given.facts);
            value.ok_or_else(|| format!("unsupported fieldPath: {path}"))?
        } else if let Some(selector) = &item.resource_field_ref {
            let name = selector.container_name.as_deref().unwrap_or_default();
            let container = find(given.pod, name).ok_or_else(|| format!("container {name:?} not found"))?;
            field_ref::resource(container, selector, given.facts)?
        } else {
            continue;
        };
        let mode = item.mode.map_or(mode, |mode| mode.unsigned_abs());
        all.insert(checked(&item.path)?, File { content: content.into(), mode });
    }
    Ok(all)
}

fn find<'p>(pod: &'p Pod, name: &str) -> Option<&'p Container> {
    let spec = pod.spec.as_ref()?;
    spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|container| container.name == name)
}

/// The API server refuses such paths; a volume that left its directory would be the worst of bugs, so it is looked at twice.
fn checked(path: &str) -> Result<String, String> {
    let bad = path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part.is_empty() || part == "..");
    if bad { Err(format!("invalid path {path:?}")) } else { Ok(path.to_owned()) }
}

fn mode(default: Option<i32>) -> u32 {
    default.map_or(0o644, i32::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use serde_json::{Value, json};

    use super::*;

    fn made(volume: Value) -> Result<Vec<(String, String, u32)>, String> {
        let volume: Volume = serde_json::from_value(volume).unwrap();
        let pod: Pod = serde_json::from_value(json!({ "metadata": { "labels": { "a": "b" } } })).unwrap();
        let facts = Facts { pod_ip: None, host_ip: IpAddr::from([127, 0, 0, 1]), allocatable: BTreeMap::new() };
        let mut sources = Sources::default();
        let map = json!({ "data": { "k": "v", "l": "w" } });
        sources.config_maps.insert("m".into(), serde_json::from_value(map).unwrap());
        let tokens = BTreeMap::from([("token".to_owned(), "jwt".to_owned())]);
        let given = Given { pod: &pod, facts: &facts, sources: &sources, tokens: &tokens };
        let files = files(&volume, &given).unwrap()?;
        let text = |file: &File| String::from_utf8(file.content.clone()).unwrap();
        Ok(files.iter().map(|(path, file)| (path.clone(), text(file), file.mode)).collect())
    }

    fn file(path: &str, content: &str, mode: u32) -> (String, String, u32) {
        (path.to_owned(), content.to_owned(), mode)
    }

    #[test]
    fn config_maps_become_files() {
        let all = made(json!({ "name": "v", "configMap": { "name": "m" } }));
        assert_eq!(all, Ok(vec![file("k", "v", 0o644), file("l", "w", 0o644)]));
        let some =
            json!({ "name": "v", "configMap": { "name": "m", "items": [{ "key": "k", "path": "d/x", "mode": 256 }] } });
        assert_eq!(made(some), Ok(vec![file("d/x", "v", 0o400)]));
    }

    #[test]
    fn what_is_missing_is_said_in_upstreams_words() {
        for (source, expected) in [
            (json!({ "configMap": { "name": "x" } }), Err("configmap \"x\" not found".to_owned())),
            (json!({ "configMap": { "name": "x", "optional": true } }), Ok(vec![])),
            (json!({ "secret": { "secretName": "x" } }), Err("secret \"x\" not found".to_owned())),
            (
                json!({ "configMap": { "name": "m", "items": [{ "key": "z", "path": "z" }] } }),
                Err("configmap references non-existent config key: z".to_owned()),
            ),
            (
                json!({ "configMap": { "name": "m", "items": [{ "key": "k", "path": "../z" }] } }),
                Err("invalid path \"../z\"".to_owned()),
            ),
        ] {
            let mut volume = source.clone();
            volume["name"] = "v".into();
            assert_eq!(made(volume), expected, "{source}");
        }
    }

    #[test]
    fn a_projected_volume_is_the_sum_of_its_parts() {
        let all = made(json!({ "name": "v", "projected": { "sources": [
            { "serviceAccountToken": { "path": "token" } },
            { "configMap": { "name": "m", "items": [{ "key": "k", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [{ "path": "labels", "fieldRef": { "fieldPath": "metadata.labels" } }] } }
        ] } }));
        assert_eq!(all, Ok(vec![file("ca.crt", "v", 0o644), file("labels", "a=\"b\"", 0o644), file("token", "jwt", 0o644)]));
    }
}
