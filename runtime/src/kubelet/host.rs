//! What every pod worker needs of its node.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use client::{Cluster, EventType, Informer, Recorder};
use engine::Engine;
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use tokio::sync::Semaphore;

use super::{
    admission::Admitted,
    env::ServiceAddress,
    field_ref::Facts,
    ipam::Addresses,
    views::{BoundPod, ServiceView},
};
use crate::{image::Store, logs::Logs, network::Fabric, volumes::Volumes};

pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) cluster: Cluster,
    pub(crate) recorder: Recorder,
    pub(crate) engine: Engine,
    pub(crate) fabric: Fabric,
    pub(crate) images: Store,
    pub(crate) logs: Logs,
    pub(crate) log_dir: PathBuf,
    pub(crate) volumes: Volumes,
    pub(crate) addresses: Addresses,
    pub(crate) pods: Informer<BoundPod>,
    pub(crate) services: Informer<ServiceView>,
    pub(crate) admitted: Admitted,
    pub(crate) allocatable: BTreeMap<&'static str, String>,
    /// How the node itself looks names up; read once.
    pub(crate) resolv_conf: String,
    /// How many statuses are written at a time.
    pub(crate) writes: Semaphore,
}

impl Host {
    pub(crate) fn facts(&self, pod_ip: Option<IpAddr>) -> Facts {
        Facts { pod_ip, host_ip: self.address, allocatable: self.allocatable.clone() }
    }

    /// Where the logs of a pod lie, one directory a container.
    pub(crate) fn pod_logs(&self, namespace: &str, name: &str, uid: &str) -> PathBuf {
        self.log_dir.join(format!("{namespace}_{name}_{uid}"))
    }

    /// The log of one run of a container.
    pub(crate) fn log_path(&self, pod: &Pod, container: &str, run: i32) -> PathBuf {
        let meta = &pod.metadata;
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let dir = self.pod_logs(&text(&meta.namespace), &text(&meta.name), &text(&meta.uid));
        dir.join(container).join(format!("{run}.log"))
    }

    /// The Services a pod is told of in its environment: those of its namespace, and the API's own.
    pub(crate) fn services_for(&self, pod: &Pod) -> Vec<ServiceAddress> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let links = pod.spec.as_ref().and_then(|spec| spec.enable_service_links) != Some(false);
        let own = if links { self.services.in_namespace(namespace) } else { Vec::new() };
        let api = self.services.get(&api::Key::new("default", "kubernetes"));
        let api = api.filter(|_| !links || namespace != "default");
        own.iter().chain(api.iter()).filter_map(|service| service.address(service.name())).collect()
    }

    /// An event about the pod as a whole.
    pub(crate) fn pod_event(&self, pod: &Pod, kind: EventType, reason: &str, message: &str) {
        self.recorder.event(&reference(pod), kind, reason, message);
    }

    /// An event about one of its containers.
    pub(crate) fn container_event(&self, pod: &Pod, path: String, kind: EventType, reason: &str, message: &str) {
        let about = ObjectReference { field_path: Some(path), ..reference(pod) };
        self.recorder.event(&about, kind, reason, message);
    }
}

fn reference(pod: &Pod) -> ObjectReference {
    let meta = &pod.metadata;
    ObjectReference {
        api_version: Some("v1".into()),
        kind: Some("Pod".into()),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
        field_path: None,
    }
}
