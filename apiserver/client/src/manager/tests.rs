//! A manager over a server in memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use api::{Kind, Object};
use tokio::sync::mpsc;

use super::*;
use crate::{View, informer::world::World};

struct Map;

impl View for Map {
    const KIND: &'static Kind = &api::kinds::CONFIG_MAP;

    fn of(_: &Object) -> Self {
        Self
    }
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), work).await.expect("must come soon")
}

#[tokio::test]
async fn keys_that_are_there_and_that_come_are_reconciled_and_deletes_too() {
    let world = World::default();
    world.apply("before");
    let cluster = world.fed();
    let (sender, mut keys) = mpsc::channel(16);
    let controller = Controller::new("test", move |cluster: Cluster, key: Key| {
        let sender = sender.clone();
        async move {
            let there = cluster.informer::<Map>().get(&key).is_some();
            sender.send((key.name.to_string(), there)).await.unwrap();
            Ok::<_, std::io::Error>(Action::Done)
        }
    });
    let manager = Manager::start(cluster.clone(), vec![controller.watches::<Map>()]);
    assert_eq!(soon(keys.recv()).await, Some(("before".to_owned(), true)));
    world.apply("after");
    assert_eq!(soon(keys.recv()).await, Some(("after".to_owned(), true)));
    world.delete("before");
    assert_eq!(soon(keys.recv()).await, Some(("before".to_owned(), false)));
    soon(manager.stop()).await;
    soon(cluster.shutdown()).await;
    assert_eq!(keys.recv().await, None, "nothing of the controller is left");
}

#[tokio::test]
async fn a_failure_is_tried_again() {
    let world = World::default();
    world.apply("a");
    let cluster = world.fed();
    let tries = Arc::new(AtomicU32::new(0));
    let (sender, mut done) = mpsc::channel(1);
    let controller = Controller::new("test", {
        let tries = tries.clone();
        move |_, _| {
            let (tries, sender) = (tries.clone(), sender.clone());
            async move {
                if tries.fetch_add(1, Ordering::Relaxed) < 3 {
                    return Err(std::io::Error::other("not yet"));
                }
                sender.send(()).await.unwrap();
                Ok(Action::Done)
            }
        }
    });
    let manager = Manager::start(cluster.clone(), vec![controller.watches::<Map>()]);
    assert_eq!(soon(done.recv()).await, Some(()));
    assert_eq!(tries.load(Ordering::Relaxed), 4);
    soon(manager.stop()).await;
    soon(cluster.shutdown()).await;
}
