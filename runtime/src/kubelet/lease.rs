//! The node's sign of life: its Lease, renewed every ten seconds.

use std::time::Duration;

use client::Cluster;
use jiff::Timestamp;
use k8s_openapi::{
    api::{
        coordination::v1::{Lease, LeaseSpec},
        core::v1::Node,
    },
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference},
};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

const NAMESPACE: &str = "kube-node-lease";
const RENEWED: Duration = Duration::from_secs(10);
const SECONDS: i32 = 40;

/// Keeps the lease of `node` until it is dropped.
pub(crate) async fn keep(cluster: Cluster, node: Node) {
    let name = node.metadata.name.clone().unwrap_or_default();
    let mut due = tokio::time::interval(RENEWED);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = renew(&cluster, &node, &name).await {
            tracing::warn!(node = name, %error, "cannot renew the lease of the node");
        }
    }
}

async fn renew(cluster: &Cluster, node: &Node, name: &str) -> kube::Result<()> {
    let leases = cluster.api::<Lease>(NAMESPACE);
    let now = MicroTime(Timestamp::now());
    let patch = json!({ "spec": { "renewTime": now, "holderIdentity": name, "leaseDurationSeconds": SECONDS } });
    match leases.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Err(error) if client::error::is_not_found(&error) => {
            leases.create(&PostParams::default(), &lease(node, name, now)).await.map(|_| ())
        }
        other => other.map(|_| ()),
    }
}

fn lease(node: &Node, name: &str, now: MicroTime) -> Lease {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Node".into(),
        name: name.to_owned(),
        uid: node.metadata.uid.clone().unwrap_or_default(),
        ..OwnerReference::default()
    };
    Lease {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(NAMESPACE.to_owned()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(name.to_owned()),
            lease_duration_seconds: Some(SECONDS),
            renew_time: Some(now),
            ..LeaseSpec::default()
        }),
    }
}
