//! What a pod's own files take on the disk, and which of its limits that breaks.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use api::quantity::Quantity;
use k8s_openapi::api::core::v1::Pod;

/// Places with a limit, and the sentence for when it is broken.
#[derive(Debug)]
pub(crate) struct Limits(Vec<Limit>);

#[derive(Debug, PartialEq)]
struct Limit {
    places: Vec<PathBuf>,
    bytes: u64,
    broken: String,
}

impl Limits {
    /// The limits of `pod`, whose directory is `dir` and whose logs lie in `logs`; `None` if it has none.
    pub(crate) fn of(pod: &Pod, dir: &Path, logs: &Path) -> Option<Self> {
        let spec = pod.spec.as_ref()?;
        let bytes = |text: &str| Quantity::parse(text).ok().and_then(|quantity| u64::try_from(quantity.value()).ok());
        let mut all = Vec::new();
        let mut of_pod = Vec::new();
        for volume in spec.volumes.iter().flatten() {
            let Some(source) = &volume.empty_dir else { continue };
            let place = dir.join("volumes").join(&volume.name);
            if source.medium.as_deref() != Some("Memory") {
                of_pod.push(place.clone());
            }
            let limit = source.size_limit.as_ref().and_then(|limit| Some((bytes(&limit.0)?, &limit.0)));
            if let Some((bytes, text)) = limit.filter(|(bytes, _)| *bytes > 0) {
                let broken = format!("Usage of EmptyDir volume {:?} exceeds the limit {text:?}. ", volume.name);
                all.push(Limit { places: vec![place], bytes, broken });
            }
        }
        let mut total = Some(0u64);
        for container in &spec.containers {
            let places = vec![dir.join("containers").join(&container.name), logs.join(&container.name)];
            of_pod.extend(places.iter().cloned());
            let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
            let limit = limits.and_then(|limits| limits.get("ephemeral-storage"));
            let limit = limit.and_then(|limit| Some((bytes(&limit.0)?, &limit.0)));
            // the pod has a limit if each of its containers has one
            total = total.zip(limit).map(|(total, (bytes, _))| total.saturating_add(bytes));
            if let Some((bytes, text)) = limit {
                let broken = format!("Container {} exceeded its local ephemeral storage limit {text:?}. ", container.name);
                all.push(Limit { places, bytes, broken });
            }
        }
        if let Some(bytes) = total {
            let broken = format!("Pod ephemeral local storage usage exceeds the total limit of containers {bytes}. ");
            all.push(Limit { places: of_pod, bytes, broken });
        }
        (!all.is_empty()).then_some(Self(all))
    }

    /// The sentence for the first limit that is broken. Blocks.
    pub(crate) fn broken(&self) -> Option<String> {
        let over = |limit: &&Limit| limit.places.iter().map(|place| used(place)).sum::<u64>() > limit.bytes;
        self.0.iter().find(over).map(|limit| limit.broken.clone())
    }
}

/// Bytes on the disk below `place`. What cannot be read, or is gone meanwhile, counts nothing.
fn used(place: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(place) else { return 0 };
    let own = meta.blocks() * 512;
    let below = if meta.is_dir() { fs::read_dir(place).ok() } else { None };
    own + below.into_iter().flatten().flatten().map(|entry| used(&entry.path())).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_are_broken_by_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let pod = json!({ "spec": {
            "volumes": [{ "name": "v", "emptyDir": { "sizeLimit": "64Ki" } }, { "name": "w", "emptyDir": {} }],
            "containers": [{ "name": "a", "resources": { "limits": { "ephemeral-storage": "64Ki" } } }]
        } });
        let logs = dir.path().join("logs");
        let limits = Limits::of(&serde_json::from_value(pod).unwrap(), dir.path(), &logs).unwrap();
        assert_eq!(limits.broken(), None);
        for (place, expected) in [
            ("volumes/w", "Pod ephemeral local storage usage exceeds the total limit of containers 65536. "),
            ("logs/a", "Container a exceeded its local ephemeral storage limit \"64Ki\". "),
            ("volumes/v", "Usage of EmptyDir volume \"v\" exceeds the limit \"64Ki\". "),
        ] {
            fs::create_dir_all(dir.path().join(place)).unwrap();
            fs::write(dir.path().join(place).join("file"), vec![1; 100_000]).unwrap();
            assert_eq!(limits.broken().as_deref(), Some(expected));
        }
        assert!(Limits::of(&Pod::default(), dir.path(), &logs).is_none());
    }
}
