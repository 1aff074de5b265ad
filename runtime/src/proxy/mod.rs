//! Keeps the fabric's tables equal to the cluster's Services and EndpointSlices, and serves NodePorts on the host.

/// Real sockets for NodePorts.
mod node_port;
/// The pure part: what one Service and its slices add to the tables.
mod plan;

use std::{collections::BTreeSet, convert::Infallible, net::IpAddr, sync::Arc};

use api::Key;
use client::{
    Action, Change, Cluster, Controller, Manager,
    views::{EndpointSliceView, ServiceView},
};
use parking_lot::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::network::Fabric;
use node_port::NodePorts;

/// The proxy of one process: the nodes in it share a fabric, so they share this too.
pub struct Proxy {
    manager: Manager,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Proxy {
    /// NodePorts open on `address`.
    pub fn start(cluster: Cluster, fabric: Fabric, address: IpAddr) -> Self {
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let ports = NodePorts::new(fabric.clone(), address, tasks.clone(), shutdown.clone());
        let state = Arc::new((fabric, Mutex::new(ports)));
        let controller = Controller::new("proxy", move |cluster, key| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(reconcile(&cluster, &key, &state.0, &state.1)) }
        });
        let controller = controller.watches::<ServiceView>().maps::<EndpointSliceView>(service_of).workers(1);
        Self { manager: Manager::start(cluster, vec![controller]), tasks, shutdown }
    }

    /// Closes the NodePorts; connections that were handed over belong to their pods.
    pub async fn stop(self) {
        self.manager.stop().await;
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn reconcile(cluster: &Cluster, key: &Key, fabric: &Fabric, ports: &Mutex<NodePorts>) -> Action {
    let slices = cluster.informer::<EndpointSliceView>().by("service", &key.to_string());
    let service = cluster.informer::<ServiceView>().get(key);
    let entry = service.map(|service| plan::entry(&service.view, slices.iter().map(|slice| &slice.view)));
    fabric.tables().replace(key, entry);
    let wanted: BTreeSet<u16> = fabric.tables().node_ports().into_iter().collect();
    ports.lock().set(&wanted);
    Action::Done
}

fn service_of(_: &Cluster, change: &Change<EndpointSliceView>) -> Vec<Key> {
    let mut keys: Vec<Key> = change
        .sides()
        .filter_map(|slice| Some(Key::new(slice.namespace(), slice.label("kubernetes.io/service-name")?)))
        .collect();
    keys.dedup();
    keys
}
