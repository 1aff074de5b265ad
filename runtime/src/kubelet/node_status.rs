//! The Node object: what the machine has and how it does.

use std::{collections::BTreeMap, net::IpAddr, path::Path, time::Duration};

use client::Cluster;
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{ContainerImage, Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus, NodeSystemInfo},
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{ObjectMeta, Time},
    },
};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::status::seconds;
use crate::image::Store;

/// Kubernetes as we speak it.
const KUBERNETES: &str = "v1.35.0";
/// What runs the containers, in the form of `containerRuntimeVersion`.
const RUNTIME: &str = "wasmtime://48.0.8";
/// More pods than this are not promised, whatever the machine allows.
const MOST_PODS: u64 = 20_000;
/// Memory maps that an instance takes: the kernel's limit on them is reached first.
const MAPS_PER_POD: u64 = 7;
/// Memory kept for the rest of the machine, as upstream's `evictionHard`.
const RESERVED_MEMORY: u64 = 100 << 20;
/// Names in `status.images`; upstream's `nodeStatusMaxImages`.
const MOST_IMAGES: usize = 50;
/// How often the status is written though nothing changed.
pub(crate) const REPORTED: Duration = Duration::from_secs(300);

/// What the machine has; read once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Machine {
    pub(crate) cpus: u64,
    /// Bytes.
    pub(crate) memory: u64,
    pub(crate) disk: u64,
    pub(crate) maps: u64,
    pub(crate) info: NodeSystemInfo,
}

/// Who the node is.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) pod_cidr: String,
}

impl Machine {
    /// The machine this runs on; `data_dir` tells which disk is meant.
    pub(crate) fn read(data_dir: &Path) -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let memory = text("/proc/meminfo").lines().find_map(|line| {
            let kib: u64 = line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kib * 1024)
        });
        let os = text("/etc/os-release");
        let pretty = os.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self {
            cpus: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
            memory: memory.unwrap_or_default(),
            disk: rustix::fs::statvfs(data_dir).map_or(0, |fs| fs.f_blocks * fs.f_frsize),
            maps: text("/proc/sys/vm/max_map_count").parse().unwrap_or(65_530),
            info: NodeSystemInfo {
                architecture: architecture.to_owned(),
                boot_id: text("/proc/sys/kernel/random/boot_id"),
                container_runtime_version: RUNTIME.to_owned(),
                kernel_version: text("/proc/sys/kernel/osrelease"),
                kube_proxy_version: String::new(),
                kubelet_version: KUBERNETES.to_owned(),
                machine_id: text("/etc/machine-id"),
                operating_system: "linux".to_owned(),
                os_image: pretty.unwrap_or("Linux").trim_matches('"').to_owned(),
                swap: None,
                system_uuid: text("/etc/machine-id"),
            },
        }
    }

    pub(crate) fn allocatable(&self) -> BTreeMap<&'static str, String> {
        self.resources(self.memory.saturating_sub(RESERVED_MEMORY))
    }

    fn resources(&self, memory: u64) -> BTreeMap<&'static str, String> {
        let pods = MOST_PODS.min(self.maps / MAPS_PER_POD);
        BTreeMap::from([
            ("cpu", self.cpus.to_string()),
            ("memory", format!("{}Ki", memory / 1024)),
            ("ephemeral-storage", format!("{}Ki", self.disk / 1024)),
            ("pods", pods.to_string()),
        ])
    }
}

/// The Node as it is registered.
pub(crate) fn node(who: &Who, machine: &Machine) -> Node {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let labels = BTreeMap::from([
        label("kubernetes.io/hostname", &who.name),
        label("kubernetes.io/os", "linux"),
        label("kubernetes.io/arch", &machine.info.architecture),
        label("coracle.dev/runtime", "wasmtime"),
    ]);
    Node {
        metadata: ObjectMeta { name: Some(who.name.clone()), labels: Some(labels), ..ObjectMeta::default() },
        spec: Some(NodeSpec {
            pod_cidr: Some(who.pod_cidr.clone()),
            pod_cidrs: Some(vec![who.pod_cidr.clone()]),
            ..NodeSpec::default()
        }),
        status: None,
    }
}

/// Its status now. `before` is what was written last: transitions are kept.
pub(crate) fn status(
    who: &Who,
    machine: &Machine,
    images: &Store,
    before: Option<&NodeStatus>,
    now: Timestamp,
) -> NodeStatus {
    let quantities = |map: BTreeMap<&str, String>| map.into_iter().map(|(k, v)| (k.to_owned(), Quantity(v))).collect();
    let address = |kind: &str, address: String| NodeAddress { type_: kind.to_owned(), address };
    let images = images
        .list()
        .into_iter()
        .take(MOST_IMAGES)
        .map(|(name, image)| ContainerImage { names: Some(vec![name]), size_bytes: i64::try_from(image.size).ok() });
    NodeStatus {
        capacity: Some(quantities(machine.resources(machine.memory))),
        allocatable: Some(quantities(machine.allocatable())),
        addresses: Some(vec![address("InternalIP", who.address.to_string()), address("Hostname", who.name.clone())]),
        node_info: Some(machine.info.clone()),
        conditions: Some(conditions(before, seconds(now))),
        images: Some(images.collect()),
        ..NodeStatus::default()
    }
}

fn conditions(before: Option<&NodeStatus>, now: Timestamp) -> Vec<NodeCondition> {
    let old = before.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    .into_iter()
    .map(|(kind, status, reason, message)| {
        let same = old.iter().find(|condition| condition.type_ == kind && condition.status == status);
        let since = same.and_then(|condition| condition.last_transition_time.clone());
        NodeCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_heartbeat_time: Some(Time(now)),
            last_transition_time: since.or(Some(Time(now))),
        }
    })
    .collect()
}

/// Makes the Node, or takes up the one that is there; returns it as it is now, Ready.
pub(crate) async fn register(cluster: &Cluster, who: &Who, machine: &Machine, images: &Store) -> kube::Result<Node> {
    let nodes = cluster.all::<Node>();
    let wanted = node(who, machine);
    let there = match nodes.create(&PostParams::default(), &wanted).await {
        Err(error) if client::error::is_conflict(&error) => {
            let labels = json!({ "metadata": { "labels": wanted.metadata.labels } });
            nodes.patch(&who.name, &PatchParams::default(), &Patch::Merge(&labels)).await?
        }
        created => created?,
    };
    report(cluster, who, machine, images, there.status.as_ref()).await
}

/// Writes the status.
pub(crate) async fn report(
    cluster: &Cluster,
    who: &Who,
    machine: &Machine,
    images: &Store,
    before: Option<&NodeStatus>,
) -> kube::Result<Node> {
    let patch = json!({ "status": status(who, machine, images, before, Timestamp::now()) });
    cluster.all::<Node>().patch_status(&who.name, &PatchParams::default(), &Patch::Strategic(&patch)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        Who { name: "n".into(), address: IpAddr::from([127, 0, 0, 1]), pod_cidr: "10.128.0.0/18".into() }
    }

    #[test]
    fn a_node_holds_what_the_kernel_lets_it() {
        let machine = Machine { cpus: 2, memory: 8 << 30, disk: 1 << 40, maps: 65_530, ..Machine::default() };
        let dir = tempfile::tempdir().unwrap();
        let images = Store::open(dir.path(), &[]).unwrap();
        let status = status(&who(), &machine, &images, None, Timestamp::UNIX_EPOCH);
        let (capacity, allocatable) = (status.capacity.unwrap(), status.allocatable.unwrap());
        assert_eq!((capacity["pods"].0.as_str(), capacity["memory"].0.as_str()), ("9361", "8388608Ki"));
        assert_eq!(allocatable["memory"].0, "8286208Ki");
        let rich = Machine { maps: 1 << 20, ..machine };
        assert_eq!(rich.allocatable()["pods"], "20000");
    }

    #[test]
    fn conditions_keep_the_time_of_their_last_change() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = NodeStatus { conditions: Some(conditions(None, at(5))), ..NodeStatus::default() };
        let again = conditions(Some(&first), at(9));
        assert!(
            again.iter().all(|c| c.last_transition_time == Some(Time(at(5))) && c.last_heartbeat_time == Some(Time(at(9))))
        );
        assert_eq!(again.last().map(|c| (c.type_.as_str(), c.status.as_str())), Some(("Ready", "True")));
    }

    #[test]
    fn the_runtime_is_the_one_that_is_locked() {
        let version = RUNTIME.strip_prefix("wasmtime://").unwrap();
        let locked = include_str!("../../../Cargo.lock");
        assert!(locked.contains(&format!("name = \"wasmtime\"\nversion = \"{version}\"\n")));
    }

    #[test]
    fn the_machine_can_be_read() {
        let machine = Machine::read(Path::new("/"));
        assert!(machine.cpus > 0 && machine.memory > 0 && machine.disk > 0 && machine.maps > 0);
    }
}
