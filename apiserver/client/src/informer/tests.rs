//! The law of the informer, for both sources: every apply and every delete is told, in order.

use std::{collections::BTreeMap, time::Duration};

use super::world::World;
use proptest::prelude::*;

use super::*;
use crate::views::MetaView;

#[derive(Clone, Copy, Debug)]
enum Step {
    Apply(u8),
    Delete(u8),
    /// Deleted and made anew before anybody looks.
    Replace(u8),
    /// All watches end; what happens meanwhile can be had from the log.
    Disconnect,
    /// All watches end, and the log is lost.
    Compact,
    /// Lets the informer run.
    Pause,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0_u8..4;
    prop_oneof![
        4 => name.clone().prop_map(Step::Apply),
        3 => name.clone().prop_map(Step::Delete),
        1 => name.prop_map(Step::Replace),
        2 => Just(Step::Pause),
    ]
}

fn troubled() -> impl Strategy<Value = Step> {
    prop_oneof![8 => step(), 1 => Just(Step::Disconnect), 1 => Just(Step::Compact)]
}

/// What a subscriber was told: uid and revision before and after.
type Told = (Option<(String, u64)>, Option<(String, u64)>);

struct Run {
    told: Vec<(Key, Told)>,
    world: World,
    cached: BTreeMap<Key, u64>,
}

async fn run(steps: &[Step], cluster: impl Fn(&World) -> Cluster) -> Run {
    let world = World::default();
    let cluster = cluster(&world);
    let informer = cluster.informer_of(&api::kinds::CONFIG_MAP);
    let mut changes = informer.subscribe();
    informer.synced().await;
    world.watched().await;
    for step in steps {
        match step {
            Step::Apply(name) => world.apply(&format!("cm-{name}")),
            Step::Delete(name) => world.delete(&format!("cm-{name}")),
            Step::Replace(name) => {
                world.delete(&format!("cm-{name}"));
                world.apply(&format!("cm-{name}"));
            }
            Step::Disconnect => world.disconnect(),
            Step::Compact => world.compact(),
            Step::Pause => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
    // a last write, so that there is something to wait for
    world.apply("last");
    let end = informer.reached(world.revision());
    tokio::time::timeout(Duration::from_secs(20), end).await.expect("the informer must catch up");
    let cached = informer.all().iter().map(|item| (item.key().clone(), item.revision().0)).collect();
    cluster.shutdown().await;
    let mut told = Vec::new();
    while let Some(message) = changes.next().await {
        let Message::Change(change) = message else { panic!("nothing may be lost in so few changes") };
        told.push((change.key().clone(), (side(&change.old), side(&change.new))));
    }
    Run { told, world, cached }
}

fn side(item: &Option<Arc<Item<MetaView>>>) -> Option<(String, u64)> {
    item.as_ref().map(|item| (item.uid().to_owned(), item.revision().0))
}

impl Run {
    /// Each change starts where the one before it ended, and the end is what is there: so no delete can be missing.
    fn is_continuous(&self) {
        let mut known: BTreeMap<&Key, (String, u64)> = BTreeMap::new();
        for (key, (old, new)) in &self.told {
            assert_eq!(known.get(key), old.as_ref(), "{key} continues where it was");
            if let (Some(old), Some(new)) = (old, new) {
                assert!(old.1 < new.1, "{key} goes forward");
            }
            match new {
                Some(new) => known.insert(key, new.clone()),
                None => known.remove(key),
            };
        }
        let there = self.world.objects();
        let told: BTreeMap<Key, u64> = known.into_iter().map(|(key, (_, revision))| (key.clone(), revision)).collect();
        assert_eq!(told, there);
        assert_eq!(self.cached, there);
    }

    /// As many changes as events, in their order.
    fn is_complete(&self) {
        let told: Vec<(Key, Option<u64>)> =
            self.told.iter().map(|(key, (_, new))| (key.clone(), new.as_ref().map(|new| new.1))).collect();
        assert_eq!(told, self.world.history());
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn in_process_every_event_is_told_once_and_in_order(steps in prop::collection::vec(step(), 0..40)) {
        let run = block_on(run(&steps, World::fed));
        run.is_complete();
        run.is_continuous();
    }

    #[test]
    fn in_process_no_delete_is_missing_after_a_gap(steps in prop::collection::vec(troubled(), 0..40)) {
        block_on(run(&steps, World::fed)).is_continuous();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn over_http_no_delete_is_missing(steps in prop::collection::vec(step(), 0..40)) {
        block_on(run(&steps, World::served)).is_continuous();
    }
}

#[tokio::test]
async fn over_http_no_delete_is_missing_after_a_gap() {
    use Step::{Apply, Compact, Delete, Disconnect, Pause, Replace};
    // written out: kube waits most of a second after a 410
    let steps =
        [Apply(0), Apply(1), Apply(2), Pause, Pause, Disconnect, Delete(0), Pause, Pause, Compact, Delete(1), Replace(2)];
    let run = run(&steps, World::served).await;
    run.is_continuous();
    assert_eq!(run.told.iter().filter(|(_, (_, new))| new.is_none()).count(), 3, "two deleted, one replaced");
}

#[tokio::test]
async fn a_slow_subscriber_is_told_to_start_anew() {
    let world = World::default();
    let cluster = world.fed();
    let informer = cluster.informer_of(&api::kinds::CONFIG_MAP);
    informer.synced().await;
    let mut slow = informer.subscribe();
    for _ in 0..5000 {
        world.apply("busy");
    }
    informer.reached(world.revision()).await;
    assert!(matches!(slow.next().await, Some(Message::Resync)));
    assert!(matches!(slow.next().await, Some(Message::Change(_))));
    cluster.shutdown().await;
}

#[tokio::test]
async fn indices_follow_the_objects() {
    let world = World::default();
    let cluster = world.fed();
    let informer = cluster.informer_of(&api::kinds::CONFIG_MAP);
    world.apply_owned("a", "uid-1");
    world.apply_owned("b", "uid-1");
    informer.synced().await;
    informer.reached(world.revision()).await;
    assert_eq!(informer.count("owner", "uid-1"), 2);
    world.apply_owned("a", "uid-2");
    world.delete("b");
    informer.reached(world.revision()).await;
    assert!(informer.by("owner", "uid-1").is_empty());
    assert_eq!(informer.by("owner", "uid-2")[0].name(), "a");
    assert_eq!(informer.in_namespace("default").len(), 1);
    assert!(informer.in_namespace("defaul").is_empty());
    cluster.shutdown().await;
}
