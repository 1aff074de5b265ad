//! Claimed volumes: from a claim to the place on this node that its PersistentVolume names.

use std::path::PathBuf;

use client::Cluster;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, Volume};

/// Where a claimed volume lies.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// What the place must be, as a `hostPath` says it.
    pub(super) kind: String,
}

/// The claim behind a volume: named, or made for this pod alone.
pub(super) fn claim(pod: &Pod, volume: &Volume) -> Option<String> {
    if let Some(source) = &volume.persistent_volume_claim {
        return Some(source.claim_name.clone());
    }
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    volume.ephemeral.as_ref().map(|_| format!("{name}-{}", volume.name))
}

/// The place of what `claim` is bound to; the sentence says what is wrong.
pub(super) async fn place(cluster: &Cluster, namespace: &str, claim: &str) -> Result<Place, String> {
    let found = cluster.api::<PersistentVolumeClaim>(namespace).get_opt(claim).await.map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| format!("persistentvolumeclaim {claim:?} not found"))?;
    let phase = found.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    let name = found.spec.as_ref().and_then(|spec| spec.volume_name.as_deref()).unwrap_or_default();
    if phase != "Bound" || name.is_empty() {
        return Err(format!(
            "PVC {namespace}/{claim} has non-bound phase ({phase:?}) or empty pvc.Spec.VolumeName ({name:?})"
        ));
    }
    let volume = cluster.all::<PersistentVolume>().get_opt(name).await.map_err(|error| error.to_string())?;
    let volume = volume.ok_or_else(|| format!("persistentvolume {name:?} not found"))?;
    let uid = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()).and_then(|claim| claim.uid.as_ref());
    if uid != found.metadata.uid.as_ref() {
        return Err(format!("PV {name:?} is bound to another claim than {namespace}/{claim}"));
    }
    of(&volume).ok_or_else(|| format!("no volume plugin matched: the source of PV {name:?} is not supported by this node"))
}

fn of(volume: &PersistentVolume) -> Option<Place> {
    let spec = volume.spec.as_ref()?;
    if let Some(source) = &spec.host_path {
        return Some(Place { path: source.path.clone().into(), kind: source.type_.clone().unwrap_or_default() });
    }
    let local = spec.local.as_ref()?;
    Some(Place { path: local.path.clone().into(), kind: "Directory".to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn volumes_of_this_node_have_a_place() {
        for (source, expected) in [
            (json!({ "hostPath": { "path": "/a", "type": "File" } }), Some(("/a", "File"))),
            (json!({ "local": { "path": "/b" } }), Some(("/b", "Directory"))),
            (json!({ "nfs": { "server": "s", "path": "/" } }), None),
        ] {
            let place = of(&serde_json::from_value(json!({ "spec": source })).unwrap());
            let expected = expected.map(|(path, kind): (&str, &str)| Place { path: path.into(), kind: kind.into() });
            assert_eq!(place, expected, "{source}");
        }
    }

    #[test]
    fn a_volume_made_for_the_pod_has_a_claim_of_its_own() {
        let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "p" } })).unwrap();
        let volume = |value| serde_json::from_value::<Volume>(value).unwrap();
        let named = volume(json!({ "name": "v", "persistentVolumeClaim": { "claimName": "c" } }));
        assert_eq!(claim(&pod, &named).as_deref(), Some("c"));
        assert_eq!(claim(&pod, &volume(json!({ "name": "v", "ephemeral": {} }))).as_deref(), Some("p-v"));
        assert_eq!(claim(&pod, &volume(json!({ "name": "v", "emptyDir": {} }))), None);
    }
}
