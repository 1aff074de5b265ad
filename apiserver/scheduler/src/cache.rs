//! Nodes with what is taken of them. A pod counts from the moment it is assumed, before its binding is written.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use client::Item;

use crate::{
    node::Node,
    pod::{HostPort, Pod},
    resources::Resources,
};

#[derive(Default)]
pub(crate) struct Cache {
    nodes: BTreeMap<Box<str>, Slot>,
    /// By uid: what counts where.
    pods: HashMap<Box<str>, Placed>,
}

/// A node as a cycle sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot {
    /// None while only its pods are known.
    node: Option<Arc<Node>>,
    pub(crate) requested: Resources,
    pub(crate) scored: Resources,
    pub(crate) pods: i64,
    pub(crate) ports: Vec<HostPort>,
    /// Pods by uid of their controlling owner.
    owners: HashMap<Box<str>, i64>,
}

struct Placed {
    node: Box<str>,
    pod: Arc<Item<Pod>>,
}

/// What changed for pods that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeChange {
    pub(crate) added: bool,
    pub(crate) resources: bool,
    pub(crate) labels: bool,
    pub(crate) taints: bool,
    pub(crate) unschedulable: bool,
}

impl Slot {
    pub(crate) fn owned_by(&self, owner: &str) -> i64 {
        self.owners.get(owner).copied().unwrap_or_default()
    }

    /// A node with nothing on it.
    #[cfg(test)]
    pub(crate) fn empty(node: Node) -> Self {
        Self { node: Some(Arc::new(node)), ..Self::default() }
    }

    pub(crate) fn node(&self) -> Option<&Node> {
        self.node.as_deref()
    }

    pub(crate) fn place(&mut self, pod: &Pod, owner: Option<&str>) {
        self.requested.add(&pod.requests);
        self.scored.add(&pod.scored);
        self.pods += 1;
        self.ports.extend(pod.ports.iter().cloned());
        if let Some(owner) = owner {
            *self.owners.entry(owner.into()).or_default() += 1;
        }
    }

    fn free(&mut self, placed: &Placed) {
        self.requested.subtract(&placed.pod.requests);
        self.scored.subtract(&placed.pod.scored);
        self.pods -= 1;
        for port in &placed.pod.ports {
            if let Some(at) = self.ports.iter().position(|taken| taken == port) {
                self.ports.swap_remove(at);
            }
        }
        if let Some(owner) = placed.pod.controller() {
            let count = self.owners.entry(owner.uid.clone()).or_default();
            *count -= 1;
            if *count == 0 {
                self.owners.remove(&owner.uid);
            }
        }
    }
}

impl Cache {
    /// Nodes that exist, in the order of their names.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Node, &Slot)> {
        self.nodes.values().filter_map(|slot| Some((slot.node()?, slot)))
    }

    pub(crate) fn set_node(&mut self, node: Node) -> NodeChange {
        let slot = self.nodes.entry(node.name.clone()).or_default();
        let change = match &slot.node {
            None => NodeChange { added: true, ..NodeChange::default() },
            Some(old) => NodeChange {
                added: false,
                resources: old.allocatable != node.allocatable || old.pods != node.pods,
                labels: old.labels != node.labels,
                taints: old.taints != node.taints,
                unschedulable: old.unschedulable != node.unschedulable,
            },
        };
        slot.node = Some(Arc::new(node));
        change
    }

    pub(crate) fn remove_node(&mut self, name: &str) {
        if let Some(slot) = self.nodes.get_mut(name) {
            slot.node = None;
            self.sweep(name);
        }
    }

    /// `pod` counts on `node` from now on, and nowhere else.
    pub(crate) fn place(&mut self, pod: &Arc<Item<Pod>>, node: &str) {
        if let Some(placed) = self.pods.get_mut(pod.uid())
            && &*placed.node == node
            && placed.pod.requests == pod.requests
            && placed.pod.controller() == pod.controller()
        {
            // counts as before; the state that was counted need not be kept alive
            placed.pod = pod.clone();
            return;
        }
        self.remove(pod.uid());
        let owner = pod.controller().map(|owner| &*owner.uid);
        self.nodes.entry(node.into()).or_default().place(pod, owner);
        self.pods.insert(pod.uid().into(), Placed { node: node.into(), pod: pod.clone() });
    }

    /// True if the pod had a place.
    pub(crate) fn remove(&mut self, uid: &str) -> bool {
        let Some(placed) = self.pods.remove(uid) else { return false };
        if let Some(slot) = self.nodes.get_mut(&placed.node) {
            slot.free(&placed);
        }
        self.sweep(&placed.node);
        true
    }

    /// Frees what pods that are not among `pods` had.
    pub(crate) fn keep(&mut self, pods: &[Arc<Item<Pod>>]) {
        let there: HashSet<&str> = pods.iter().map(|pod| pod.uid()).collect();
        let gone: Vec<_> = self.pods.keys().filter(|uid| !there.contains(&***uid)).cloned().collect();
        for uid in gone {
            self.remove(&uid);
        }
    }

    pub(crate) fn is_placed(&self, uid: &str) -> bool {
        self.pods.contains_key(uid)
    }

    /// Forgets a slot that neither a node nor a pod needs.
    fn sweep(&mut self, name: &str) {
        if self.nodes.get(name).is_some_and(|slot| slot.node.is_none() && slot.pods == 0) {
            self.nodes.remove(name);
        }
    }
}
