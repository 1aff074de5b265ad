//! The scheduler as a whole, over a server in memory.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::*;
use world::World;

fn bound(pod: &Value) -> bool {
    pod["spec"]["nodeName"].is_string()
}

async fn end(scheduler: Scheduler, cluster: Cluster) {
    let end = async {
        scheduler.stop().await;
        cluster.shutdown().await;
    };
    tokio::time::timeout(Duration::from_secs(10), end).await.expect("every task ends");
}

#[tokio::test]
async fn all_that_fit_are_bound_and_no_node_gets_more_than_it_has() {
    let world = World::default();
    (0..3).for_each(|n| world.node(&format!("node-{n}"), "100"));
    let cluster = world.cluster();
    let scheduler = Scheduler::start(cluster.clone());
    (0..1001).for_each(|n| world.pod(&format!("pod-{n:04}"), "300m"));
    let pods = world.until(|pods| pods.iter().filter(|pod| bound(pod)).count() == 999).await;
    let mut nodes: BTreeMap<&str, usize> = BTreeMap::new();
    pods.iter().filter(|pod| bound(pod)).for_each(|pod| {
        *nodes.entry(pod["spec"]["nodeName"].as_str().unwrap()).or_default() += 1;
    });
    assert!(nodes.values().all(|count| *count == 333), "{nodes:?}");
    let pods = world.until(|pods| pods.iter().filter(|pod| pod["status"]["conditions"].is_array()).count() == 2).await;
    let left = pods.iter().find(|pod| !bound(pod)).unwrap();
    assert_eq!(
        left["status"]["conditions"][0]["message"],
        "0/3 nodes are available: 3 Insufficient cpu. \
         preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
    );
    end(scheduler, cluster).await;
    assert_eq!(world.told().iter().filter(|(reason, _)| reason == "Scheduled").count(), 999);
}

#[tokio::test]
async fn a_pod_waits_for_a_node_and_for_room() {
    let world = World::default();
    world.pod("first", "1");
    let cluster = world.cluster();
    let scheduler = Scheduler::start(cluster.clone());
    world.until(|pods| pods[0]["status"]["conditions"].is_array()).await;
    let condition = &world.get("first")["status"]["conditions"][0];
    assert_eq!(condition["reason"], "Unschedulable");
    assert_eq!(condition["message"], "no nodes available to schedule pods");
    world.node("node", "1");
    world.until(|pods| bound(&pods[0])).await;
    world.pod("second", "1");
    world.until(|pods| pods[1]["status"]["conditions"].is_array()).await;
    world.delete_pod("first");
    world.until(|pods| bound(&pods[0])).await;
    end(scheduler, cluster).await;
    let told = world.told();
    let scheduled = ("Scheduled".to_owned(), "Successfully assigned default/second to node".to_owned());
    assert!(told.contains(&scheduled), "{told:?}");
    assert!(told.iter().any(|(reason, _)| reason == "FailedScheduling"));
}
