//! Where a container sees which directory. Pure.

use std::path::{Component, Path, PathBuf};

use k8s_openapi::api::core::v1::{Container, Pod, Volume};

use crate::kubelet::env;

/// A mount as the container asks for it.
#[derive(Debug, PartialEq)]
pub(crate) struct Wanted {
    /// Where the volume's content lies.
    pub(super) volume: PathBuf,
    /// What of it is mounted; `None`: all.
    pub(super) sub_path: Option<PathBuf>,
    pub(super) guest: String,
    pub(super) read_only: bool,
}

/// The mounts of `container`; `dir` is the pod's own directory, `known` its environment (for `subPathExpr`).
pub(crate) fn mounts(
    pod: &Pod,
    container: &Container,
    dir: &Path,
    known: &[(String, String)],
) -> Result<Vec<Wanted>, String> {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let mut all = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let volume = volumes.iter().find(|volume| volume.name == mount.name);
        let volume = volume.ok_or_else(|| format!("volume {:?} not found", mount.name))?;
        let lookup = |name: &str| known.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let expanded = mount.sub_path_expr.as_ref().map(|text| env::expand(text, lookup));
        let sub_path = expanded.or_else(|| mount.sub_path.clone()).filter(|sub| !sub.is_empty()).map(PathBuf::from);
        let inside = |sub: &PathBuf| sub.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if let Some(sub) = sub_path.as_ref().filter(|sub| !inside(sub)) {
            return Err(format!("subPath {sub:?} must not leave the volume"));
        }
        let read_only = mount.read_only == Some(true) || is_read_only(volume);
        all.push(Wanted { volume: directory(dir, volume), sub_path, guest: mount.mount_path.clone(), read_only });
    }
    Ok(all)
}

/// Where the content of a volume lies.
pub(super) fn directory(dir: &Path, volume: &Volume) -> PathBuf {
    match &volume.host_path {
        Some(source) => PathBuf::from(&source.path),
        None => dir.join("volumes").join(&volume.name),
    }
}

/// What the kubelet writes, guests do not.
fn is_read_only(volume: &Volume) -> bool {
    volume.config_map.is_some() || volume.secret.is_some() || volume.downward_api.is_some() || volume.projected.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mounts_lie_in_the_pods_directory_or_on_the_host() {
        let pod: Pod = serde_json::from_value(json!({ "spec": { "volumes": [
            { "name": "e", "emptyDir": {} }, { "name": "c", "configMap": { "name": "m" } }, { "name": "h", "hostPath": { "path": "/srv" } }
        ], "containers": [{ "name": "a", "volumeMounts": [
            { "name": "e", "mountPath": "/e", "subPathExpr": "x/$(POD)" }, { "name": "c", "mountPath": "/c" },
            { "name": "h", "mountPath": "/h", "readOnly": true }
        ] }, { "name": "b", "volumeMounts": [{ "name": "e", "mountPath": "/e", "subPath": "../up" }] }] } }))
        .unwrap();
        let containers = &pod.spec.as_ref().unwrap().containers;
        let env = [("POD".to_owned(), "p".to_owned())];
        let all = mounts(&pod, &containers[0], Path::new("/d"), &env).unwrap();
        let wanted = |volume: &str, sub: Option<&str>, guest: &str, read_only| Wanted {
            volume: volume.into(),
            sub_path: sub.map(PathBuf::from),
            guest: guest.into(),
            read_only,
        };
        let expected = [
            wanted("/d/volumes/e", Some("x/p"), "/e", false),
            wanted("/d/volumes/c", None, "/c", true),
            wanted("/srv", None, "/h", true),
        ];
        assert_eq!(all, expected);
        assert!(mounts(&pod, &containers[1], Path::new("/d"), &env).unwrap_err().contains("must not leave"));
    }
}
