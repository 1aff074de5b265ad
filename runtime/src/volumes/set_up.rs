//! Makes, refreshes and removes the volumes of pods.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use client::Cluster;
use jiff::Timestamp;
use k8s_openapi::api::{
    authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec},
    core::v1::{Pod, ServiceAccount, ServiceAccountTokenProjection, Volume},
};
use kube::api::PostParams;

use super::{
    atomic, claim, host_path,
    mounts::directory,
    payload::{self, File, Given},
};
use crate::kubelet::{field_ref::Facts, sources};

/// Why a volume is not there: the message of a `FailedMount` event.
#[derive(Debug, thiserror::Error)]
#[error("MountVolume.SetUp failed for volume {volume:?} : {message}")]
pub(crate) struct Failure {
    volume: String,
    message: String,
}

/// The volumes of a node's pods, each pod's in a directory named after its uid.
pub(crate) struct Volumes {
    root: PathBuf,
    cluster: Cluster,
}

impl Volumes {
    pub(crate) fn new(root: PathBuf, cluster: Cluster) -> Self {
        Self { root, cluster }
    }

    /// The pod's own directory.
    pub(crate) fn dir(&self, uid: &str) -> PathBuf {
        self.root.join(uid)
    }

    /// Makes what is missing and brings what changed up to date; the same call for the beginning and for every change.
    /// Returns when the first of the pod's tokens wants to be renewed.
    pub(crate) async fn set_up(&self, pod: &Pod, facts: &Facts) -> Result<Option<Timestamp>, Failure> {
        let dir = self.dir(pod.metadata.uid.as_deref().unwrap_or_default());
        let mut renew = None;
        for volume in pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()) {
            let fail = |message: String| Failure { volume: volume.name.clone(), message };
            let content = self.content(pod, volume, facts, &mut renew).await.map_err(fail)?;
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            let claimed = match claim::claim(pod, volume) {
                Some(name) => Some(claim::place(&self.cluster, namespace, &name).await.map_err(fail)?),
                None => None,
            };
            let (dir, volume) = (dir.clone(), volume.clone());
            let made = tokio::task::spawn_blocking(move || make(&dir, &volume, content, claimed));
            made.await.expect("making a directory does not panic and is not cancelled").map_err(|e| fail(e.to_string()))?;
        }
        Ok(renew)
    }

    /// Removes the pod's directory and all that was in it.
    pub(crate) async fn tear_down(&self, uid: &str) {
        let dir = self.dir(uid);
        match tokio::fs::remove_dir_all(&dir).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, dir = %dir.display(), "cannot remove the volumes of a pod");
            }
            _ => {}
        }
    }

    /// The files the kubelet writes into `volume`; `None` if it only gives the directory.
    async fn content(
        &self,
        pod: &Pod,
        volume: &Volume,
        facts: &Facts,
        renew: &mut Option<Timestamp>,
    ) -> Result<Option<BTreeMap<String, File>>, String> {
        if let Some(kind) = unsupported(volume) {
            return Err(format!("{kind} volumes are not supported by this node"));
        }
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let wanted = payload::sources(volume);
        let sources = sources::fetch(&self.cluster, namespace, &wanted).await.map_err(|error| error.to_string())?;
        let mut tokens = BTreeMap::new();
        for wanted in payload::tokens(volume) {
            let (token, expires) = self.token(pod, wanted).await?;
            let due = renewal(expires, Timestamp::now());
            *renew = Some(renew.map_or(due, |renew| renew.min(due)));
            tokens.insert(wanted.path.clone(), token);
        }
        payload::files(volume, &Given { pod, facts, sources: &sources, tokens: &tokens }).transpose()
    }

    async fn token(&self, pod: &Pod, wanted: &ServiceAccountTokenProjection) -> Result<(String, Timestamp), String> {
        let meta = &pod.metadata;
        let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: wanted.audience.iter().cloned().collect(),
                expiration_seconds: wanted.expiration_seconds.or(Some(3600)),
                bound_object_ref: Some(BoundObjectReference {
                    api_version: Some("v1".into()),
                    kind: Some("Pod".into()),
                    name: meta.name.clone(),
                    uid: meta.uid.clone(),
                }),
            },
            ..TokenRequest::default()
        };
        let accounts = self.cluster.api::<ServiceAccount>(meta.namespace.as_deref().unwrap_or_default());
        let answer = accounts.create_token_request(account, &PostParams::default(), &request).await;
        let status = answer.map_err(|error| format!("failed to fetch token: {error}"))?.status;
        let status = status.ok_or_else(|| "failed to fetch token: the answer has none".to_owned())?;
        Ok((status.token, status.expiration_timestamp.0))
    }
}

/// A token is renewed when a fifth of its life is left.
fn renewal(expires: Timestamp, now: Timestamp) -> Timestamp {
    now + expires.duration_since(now) * 4 / 5
}

fn make(
    dir: &Path,
    volume: &Volume,
    content: Option<BTreeMap<String, File>>,
    claimed: Option<claim::Place>,
) -> io::Result<()> {
    let place = directory(dir, volume);
    if let Some(claim::Place { path, kind }) = claimed {
        host_path::check(&path, &kind)?;
        std::fs::create_dir_all(dir.join("volumes"))?;
        return match std::os::unix::fs::symlink(path, &place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        };
    }
    match (content, &volume.host_path) {
        (Some(files), _) => atomic::write(&place, &files),
        (None, Some(source)) => host_path::check(&place, source.type_.as_deref().unwrap_or_default()),
        (None, None) => std::fs::create_dir_all(&place),
    }
}

/// The kind of a volume this node does not have.
fn unsupported(volume: &Volume) -> Option<String> {
    let known = [
        "name",
        "emptyDir",
        "configMap",
        "secret",
        "downwardAPI",
        "projected",
        "hostPath",
        "persistentVolumeClaim",
        "ephemeral",
    ];
    let value = serde_json::to_value(volume).expect("a Volume is plain data");
    value.as_object()?.keys().find(|kind| !known.contains(&kind.as_str())).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn foreign_kinds_of_volumes_are_named() {
        let volume = |value| serde_json::from_value::<Volume>(value).unwrap();
        let share = volume(json!({ "name": "v", "nfs": { "server": "s", "path": "/" } }));
        assert_eq!(unsupported(&share).as_deref(), Some("nfs"));
        assert_eq!(unsupported(&volume(json!({ "name": "v", "emptyDir": {} }))), None);
    }

    #[test]
    fn tokens_are_renewed_in_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(renewal(at(3600), at(0)), at(2880));
    }
}
