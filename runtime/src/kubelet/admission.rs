//! Whether a pod that was bound to this node can be run by it: the scheduler is asked first, but not by everybody.

use std::collections::{BTreeMap, HashMap};

use api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, Pod};
use parking_lot::Mutex;

/// Reasons of pods that failed as a whole by this node's decision.
pub(crate) const FAILURES: [&str; 8] = [
    "DeadlineExceeded",
    "Evicted",
    "NodePorts",
    "OutOfcpu",
    "OutOfmemory",
    "OutOfpods",
    "PodOSNotSupported",
    "SysctlForbidden",
];

/// Kernel settings that belong to a pod alone; others a node must have been told to allow.
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// What the pods of the node hold, by uid.
#[derive(Default)]
pub(crate) struct Admitted(Mutex<HashMap<String, Held>>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    ports: Vec<Port>,
    /// Thousandths.
    cpu: i128,
    /// Bytes.
    memory: i128,
}

#[derive(Clone, Debug, PartialEq)]
struct Port {
    ip: String,
    protocol: String,
    number: i32,
}

/// Upstream's reason and sentence.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Admitted {
    /// Lets a pod in, or says why not. A pod that is refused holds nothing.
    pub(crate) fn admit(&self, pod: &Pod, allocatable: &BTreeMap<&'static str, String>) -> Result<(), Refusal> {
        let mut all = self.0.lock();
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let wanted = held(pod);
        let others: Vec<&Held> = all.iter().filter(|(other, _)| **other != uid).map(|(_, held)| held).collect();
        check(pod, &wanted, &others, allocatable)?;
        all.insert(uid, wanted);
        Ok(())
    }

    pub(crate) fn release(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

fn check(pod: &Pod, wanted: &Held, others: &[&Held], allocatable: &BTreeMap<&'static str, String>) -> Result<(), Refusal> {
    let os = pod.spec.as_ref().and_then(|spec| spec.os.as_ref());
    if os.is_some_and(|os| os.name != "linux") {
        let message = "Failed to admit pod as the OS field doesn't match node OS".to_owned();
        return Err(Refusal { reason: "PodOSNotSupported", message });
    }
    let security = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let sysctls = security.and_then(|security| security.sysctls.as_deref()).unwrap_or_default();
    // both spellings are allowed, one is compared
    let unsafe_one =
        sysctls.iter().map(|sysctl| sysctl.name.replace('/', ".")).find(|name| !SAFE_SYSCTLS.contains(&name.as_str()));
    if let Some(name) = unsafe_one {
        return Err(Refusal { reason: "SysctlForbidden", message: format!("forbidden sysctl: {name:?} not allowlisted") });
    }
    let limit = |name: &str| allocatable.get(name).and_then(|text| Quantity::parse(text).ok());
    let short = |reason, name: &str, requested: i128, used: i128, capacity: i128| {
        let message =
            format!("Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}");
        (requested > 0 && used + requested > capacity).then_some(Refusal { reason, message })
    };
    let pods = limit("pods").map_or(i128::MAX, |limit| limit.value());
    let cpu = limit("cpu").map_or(i128::MAX, |limit| limit.milli());
    let memory = limit("memory").map_or(i128::MAX, |limit| limit.value());
    let used = |of: fn(&Held) -> i128| others.iter().map(|held| of(held)).sum();
    let refused = short("OutOfpods", "pods", 1, i128::try_from(others.len()).unwrap_or(i128::MAX), pods)
        .or_else(|| short("OutOfcpu", "cpu", wanted.cpu, used(|held| held.cpu), cpu))
        .or_else(|| short("OutOfmemory", "memory", wanted.memory, used(|held| held.memory), memory));
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    if wanted.ports.iter().any(|port| others.iter().flat_map(|held| &held.ports).any(|other| clash(port, other))) {
        let message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports".to_owned();
        return Err(Refusal { reason: "NodePorts", message });
    }
    Ok(())
}

fn clash(a: &Port, b: &Port) -> bool {
    let any = |ip: &str| ip.is_empty() || ip == "0.0.0.0";
    a.number == b.number && a.protocol == b.protocol && (any(&a.ip) || any(&b.ip) || a.ip == b.ip)
}

/// What a pod asks for: its containers and sidecars together, or the largest of the others that run before them.
fn held(pod: &Pod) -> Held {
    let Some(spec) = &pod.spec else { return Held::default() };
    let sidecars = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars.clone()).flat_map(|c| c.ports.iter().flatten()).filter_map(|port| {
        let number = port.host_port.filter(|number| *number > 0)?;
        let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
        Some(Port { ip: port.host_ip.clone().unwrap_or_default(), protocol, number })
    });
    let amount = |name: &'static str, read: fn(&Quantity) -> i128| {
        let of = |c: &Container| request(c, name).map_or(0, |quantity| read(&quantity));
        let together: i128 = spec.containers.iter().chain(sidecars.clone()).map(of).sum();
        let first = spec.init_containers.iter().flatten().map(of).max().unwrap_or(0);
        let overhead = spec.overhead.as_ref().and_then(|overhead| overhead.get(name));
        let overhead = overhead.and_then(|quantity| Quantity::parse(&quantity.0).ok()).map_or(0, |quantity| read(&quantity));
        together.max(first) + overhead
    };
    Held { ports: ports.collect(), cpu: amount("cpu", Quantity::milli), memory: amount("memory", Quantity::value) }
}

fn request(container: &Container, name: &str) -> Option<Quantity> {
    let requests = container.resources.as_ref()?.requests.as_ref()?;
    Quantity::parse(&requests.get(name)?.0).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(uid: &str, port: i32, ip: &str, cpu: &str) -> Pod {
        let container: Value = json!({ "name": "c", "ports": [{ "containerPort": 1, "hostPort": port, "hostIP": ip }],
            "resources": { "requests": { "cpu": cpu } } });
        serde_json::from_value(json!({ "metadata": { "uid": uid }, "spec": { "containers": [container] } })).unwrap()
    }

    #[test]
    fn what_is_taken_is_refused_until_it_is_free() {
        let (all, allocatable) = (Admitted::default(), BTreeMap::from([("cpu", "2".to_owned())]));
        let admit = |pod: &Pod| all.admit(pod, &allocatable).map_err(|refusal| refusal.reason);
        assert_eq!(admit(&pod("a", 80, "", "1")), Ok(()));
        assert_eq!(admit(&pod("a", 80, "", "1")), Ok(()), "its own port is no conflict");
        assert_eq!(admit(&pod("b", 80, "127.0.0.1", "0")), Err("NodePorts"));
        assert_eq!(admit(&pod("b", 81, "127.0.0.1", "0")), Ok(()));
        assert_eq!(admit(&pod("c", 81, "127.0.0.2", "1500m")), Err("OutOfcpu"));
        assert_eq!(admit(&pod("c", 81, "127.0.0.2", "1")), Ok(()));
        all.release("a");
        assert_eq!(admit(&pod("d", 80, "", "1")), Ok(()));
        let windows = json!({ "spec": { "os": { "name": "windows" }, "containers": [] } });
        assert_eq!(admit(&serde_json::from_value(windows).unwrap()), Err("PodOSNotSupported"));
        let tuned = json!({ "spec": { "securityContext": { "sysctls": [{ "name": "kernel.msgmax", "value": "1" }] }, "containers": [] } });
        let refused = all.admit(&serde_json::from_value(tuned).unwrap(), &allocatable).unwrap_err();
        assert_eq!(refused.message, "forbidden sysctl: \"kernel.msgmax\" not allowlisted");
        let message = all.admit(&pod("e", 0, "", "3"), &allocatable).unwrap_err().message;
        assert_eq!(message, "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 2000");
    }
}
