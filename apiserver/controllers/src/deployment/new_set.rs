//! The ReplicaSet of a template: how it is told, and how it is made.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec},
        core::v1::PodTemplateSpec,
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::{hash, revision, size, size::Limits};

const HASH_LABEL: &str = "pod-template-hash";

/// Whether the ReplicaSet was made from this template; the hash label is ours, not the user's.
pub(super) fn has_template(set: &ReplicaSet, template: &PodTemplateSpec) -> bool {
    let own = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    own.is_some_and(|own| without_hash(own) == without_hash(template))
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(metadata) = &mut template.metadata {
        metadata.labels.get_or_insert_default().remove(HASH_LABEL);
        metadata.labels.take_if(|labels| labels.is_empty());
        metadata.annotations.take_if(|annotations| annotations.is_empty());
    }
    template.metadata.take_if(|metadata| *metadata == ObjectMeta::default());
    template
}

/// The ReplicaSet for the Deployment's present template.
pub(super) fn build(deployment: &Deployment, replicas: i32, number: i64) -> ReplicaSet {
    let spec = size::spec(deployment);
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let hash = hash::of(&spec.template, collisions);
    let mut template = spec.template.clone();
    label(&mut template.metadata.get_or_insert_default().labels, &hash);
    let mut selector = spec.selector.clone();
    label(&mut selector.match_labels, &hash);
    let limits = Limits::of(deployment);
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.metadata.name.as_deref().unwrap_or_default())),
            namespace: deployment.metadata.namespace.clone(),
            labels: template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()),
            owner_references: Some(vec![owner(deployment)]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(replicas),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    };
    revision::annotate(&mut set, deployment, number);
    revision::note_sizes(&mut set, limits.replicas, limits.most());
    set
}

pub(super) fn owner(deployment: &Deployment) -> OwnerReference {
    OwnerReference {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        name: deployment.metadata.name.clone().unwrap_or_default(),
        uid: deployment.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

fn label(labels: &mut Option<BTreeMap<String, String>>, hash: &str) {
    labels.get_or_insert_default().insert(HASH_LABEL.into(), hash.into());
}
