//! The laws of a cycle, and upstream's sentences.

use std::collections::BTreeMap;

use api::selector::{Operator, Requirement};
use client::views::Taint;
use proptest::prelude::*;

use super::*;
use crate::{
    pod::{HostPort, Term, Toleration},
    resources::Resources,
};

fn resources(cpu: i64, memory: i64) -> Resources {
    Resources { cpu, memory, ..Resources::default() }
}

fn node(name: &str, cpu: i64, memory: i64) -> Node {
    let labels = Box::new([("zone".into(), name.into())]);
    Node { name: name.into(), labels, allocatable: resources(cpu, memory), pods: 10, ..Node::default() }
}

fn pod(cpu: i64, memory: i64) -> Pod {
    Pod { requests: resources(cpu, memory), scored: resources(cpu.max(100), memory.max(200)), ..Pod::default() }
}

fn sentence(pod: &Pod, slots: &[Slot]) -> String {
    schedule(pod, slots).unwrap_err().to_string()
}

fn schedule(pod: &Pod, slots: &[Slot]) -> Result<String, Unschedulable> {
    let nodes = slots.iter().map(|slot| (slot.node().unwrap(), slot));
    schedule_one(pod, Some("owner"), nodes, 0).map(|node| node.name.to_string())
}

#[test]
fn without_nodes_upstream_says_so() {
    assert_eq!(sentence(&pod(1, 1), &[]), "no nodes available to schedule pods");
}

// pkg/scheduler/framework/types.go, FitError.Error, and preemption.go, Preempt
#[test]
fn every_reason_is_counted_and_so_is_the_use_of_preemption() {
    let tainted = Node {
        taints: Box::new([Taint { key: "dedicated".into(), value: "db".into(), effect: "NoSchedule".into() }]),
        ..node("a", 1000, 1000)
    };
    let mut full = Slot::empty(node("b", 1000, 1000));
    full.place(&pod(900, 10), None);
    let mut also_full = Slot::empty(node("c", 1000, 1000));
    also_full.place(&pod(900, 950), None);
    assert_eq!(
        sentence(&pod(500, 100), &[Slot::empty(tainted), full, also_full]),
        "0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), \
         2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, \
         2 No preemption victims found for incoming pod."
    );
}

#[test]
fn more_than_a_node_has_is_beyond_preemption() {
    assert_eq!(
        sentence(&pod(5000, 0), &[Slot::empty(node("a", 1000, 1000))]),
        "0/1 nodes are available: 1 Insufficient cpu. \
         preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    );
}

#[test]
fn each_filter_speaks_upstreams_words() {
    let cordoned = Node { unschedulable: true, ..node("a", 1000, 1000) };
    let elsewhere = Pod { node: "b".into(), ..pod(1, 1) };
    let selector = Requirement::new("zone".into(), Operator::Equals, vec!["moon".into()]);
    let picky = Pod { node_selector: Box::new([selector]), ..pod(1, 1) };
    let port = HostPort { ip: "".into(), protocol: "TCP".into(), port: 80 };
    let with_port = Pod { ports: Box::new([port]), ..pod(1, 1) };
    let mut busy = Slot::empty(node("a", 1000, 1000));
    busy.place(&with_port, None);
    let mut crowded = Slot::empty(node("a", 1000, 1000));
    (0..10).for_each(|_| crowded.place(&pod(0, 0), None));
    let gpu = Resources { others: BTreeMap::from([("example.com/gpu".into(), 1)]), ..Resources::default() };
    let free = || Slot::empty(node("a", 1000, 1000));
    for (pod, slot, reason) in [
        (pod(1, 1), Slot::empty(cordoned), "node(s) were unschedulable"),
        (elsewhere, free(), "node(s) didn't match the requested node name"),
        (picky, free(), "node(s) didn't match Pod's node affinity/selector"),
        (with_port, busy, "node(s) didn't have free ports for the requested pod ports"),
        (pod(1, 1), crowded, "Too many pods"),
        (Pod { requests: gpu, ..Pod::default() }, free(), "Insufficient example.com/gpu"),
    ] {
        let sentence = sentence(&pod, &[slot]);
        let expected = format!("0/1 nodes are available: 1 {reason}. ");
        assert!(sentence.starts_with(&expected), "{sentence}");
    }
}

#[test]
fn a_cordon_can_be_tolerated() {
    let cordoned = Node { unschedulable: true, ..node("a", 1000, 1000) };
    let toleration = Toleration { operator: "Exists".into(), ..Toleration::default() };
    let daemon = Pod { tolerations: Box::new([toleration]), ..pod(1, 1) };
    assert_eq!(schedule(&daemon, &[Slot::empty(cordoned)]).as_deref(), Ok("a"));
}

#[test]
fn affinity_requires_one_of_its_terms_and_prefers_by_weight() {
    let slots = [Slot::empty(node("a", 1000, 1000)), Slot::empty(node("b", 1000, 1000))];
    let name = |name: &str| Term {
        name: Box::new([Requirement::new("metadata.name".into(), Operator::In, vec![name.into()])]),
        ..Term::default()
    };
    let bound = Pod { required: Some(Box::new([name("nowhere"), name("b")])), ..pod(1, 1) };
    assert_eq!(schedule(&bound, &slots).as_deref(), Ok("b"));
    let fond = Pod { preferred: Box::new([(1, name("a")), (50, name("b"))]), ..pod(1, 1) };
    assert_eq!(schedule(&fond, &slots).as_deref(), Ok("b"));
    let nothing = Pod { required: Some(Box::new([Term::default()])), ..pod(1, 1) };
    assert!(schedule(&nothing, &slots).is_err(), "an empty required term matches no node");
}

#[test]
fn pods_of_one_owner_spread() {
    let mut slots = ["a", "b", "c"].map(|name| Slot::empty(node(name, 100_000, 100_000)));
    for _ in 0..9 {
        let name = schedule(&pod(0, 0), &slots).unwrap();
        let slot = slots.iter_mut().find(|slot| *slot.node().unwrap().name == name).unwrap();
        slot.place(&pod(0, 0), Some("owner"));
    }
    assert!(slots.iter().all(|slot| slot.owned_by("owner") == 3));
}

fn any_pod() -> impl Strategy<Value = Pod> {
    (0_i64..600, 0_i64..600, prop::option::of(1_u16..3)).prop_map(|(cpu, memory, port)| {
        let ports = port.map(|port| HostPort { ip: "".into(), protocol: "TCP".into(), port });
        Pod { ports: ports.into_iter().collect(), ..pod(cpu, memory) }
    })
}

proptest! {
    /// Whatever comes: no node is given more than it has, and a pod is refused only if it fits nowhere.
    #[test]
    fn nodes_are_never_overcommitted_and_no_room_is_overlooked(
        sizes in prop::collection::vec((500_i64..2000, 500_i64..2000, 1_i64..6), 0..5),
        pods in prop::collection::vec(any_pod(), 0..40),
    ) {
        let mut slots: Vec<Slot> = sizes.iter().enumerate().map(|(at, (cpu, memory, pods))| {
            Slot::empty(Node { pods: *pods, ..node(&format!("n{at}"), *cpu, *memory) })
        }).collect();
        for (turn, pod) in pods.iter().enumerate() {
            let fits = |slot: &Slot| {
                let node = slot.node().unwrap();
                slot.pods < node.pods
                    && slot.requested.cpu + pod.requests.cpu <= node.allocatable.cpu
                    && slot.requested.memory + pod.requests.memory <= node.allocatable.memory
                    && pod.ports.iter().all(|port| !slot.ports.contains(port))
            };
            let nodes = slots.iter().map(|slot| (slot.node().unwrap(), slot));
            match schedule_one(pod, None, nodes, turn).map(|node| node.name.clone()) {
                Ok(name) => {
                    let slot = slots.iter_mut().find(|slot| slot.node().unwrap().name == name).unwrap();
                    prop_assert!(fits(slot));
                    slot.place(pod, None);
                }
                Err(none) => {
                    prop_assert!(!slots.iter().any(fits), "{none}");
                }
            }
        }
    }
}
