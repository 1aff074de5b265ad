//! The plan on examples, and the law that it never overshoots, however late the cache.

use proptest::prelude::*;

use super::*;

impl Pod<'static> {
    /// A pod that runs on a node since long, controlled by `me`.
    pub(crate) fn running(name: &'static str) -> Self {
        Self {
            name,
            uid: name,
            controller: Some("me"),
            matches: true,
            fully_labeled: true,
            deleting: false,
            phase: Phase::Running,
            assigned: true,
            ready_since: Some(Timestamp::UNIX_EPOCH),
            deletion_cost: 0,
            restarts: 0,
            created: Timestamp::UNIX_EPOCH,
            neighbours: 0,
        }
    }
}

fn goal(replicas: usize) -> Goal<'static> {
    Goal { uid: "me", deleting: false, replicas, min_ready: Duration::ZERO }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_000).unwrap()
}

#[test]
fn ended_and_terminating_pods_are_replaced() {
    let pods = [
        Pod { phase: Phase::Failed, ..Pod::running("failed") },
        Pod { deleting: true, ..Pod::running("leaving") },
        Pod::running("good"),
    ];
    let plan = plan(&goal(3), &pods, now());
    assert_eq!((plan.create, plan.delete.len()), (2, 0));
    assert_eq!(plan.counts, Counts { replicas: 1, fully_labeled: 1, ready: 1, available: 1, terminating: 1 });
}

#[test]
fn an_orphan_counts_as_adopted_and_a_relabelled_pod_as_gone() {
    let pods = [
        Pod { controller: None, ..Pod::running("orphan") },
        Pod { matches: false, ..Pod::running("relabelled") },
        Pod { controller: Some("other"), ..Pod::running("foreign") },
    ];
    let plan = plan(&goal(1), &pods, now());
    assert_eq!(plan.adopt, ["orphan"]);
    assert_eq!(plan.release, ["relabelled"]);
    assert_eq!((plan.create, plan.delete.len()), (0, 0));
}

#[test]
fn one_burst_is_bounded() {
    assert_eq!(plan(&goal(2_000), &[], now()).create, BURST);
}

#[test]
fn a_deleted_owner_leaves_its_pods_to_the_garbage_collector() {
    let pods = [Pod::running("a"), Pod { controller: None, ..Pod::running("orphan") }];
    let plan = plan(&Goal { deleting: true, ..goal(0) }, &pods, now());
    assert!(plan.create == 0 && plan.delete.is_empty() && plan.adopt.is_empty());
    assert_eq!(plan.counts.replicas, 1);
}

#[test]
fn availability_waits_for_min_ready_seconds_and_asks_to_be_woken() {
    let ready_at = |second| Timestamp::from_second(second).ok();
    let pods = [
        Pod { ready_since: ready_at(970), ..Pod::running("old") },
        Pod { ready_since: ready_at(995), ..Pod::running("young") },
        Pod { ready_since: ready_at(998), ..Pod::running("younger") },
    ];
    let plan = plan(&Goal { min_ready: Duration::from_secs(30), ..goal(3) }, &pods, now());
    assert_eq!((plan.counts.ready, plan.counts.available), (3, 1));
    assert_eq!(plan.wake, Some(Duration::from_secs(25)));
}

/// A cluster with one owner, whose cache is a prefix of what happened.
#[derive(Default)]
struct Model {
    /// Every state the pods went through.
    history: Vec<Vec<Pod<'static>>>,
    /// What the cache shows: an index into `history`.
    seen: usize,
    /// What the last reconcile wrote: the controller waits until its cache shows that before it plans again.
    written: usize,
    names: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Reconcile,
    CacheAdvances(usize),
    PodFails(usize),
    PodBecomesReady(usize),
    PodIsDeletedByUser(usize),
    LabelsChange(usize),
}

impl Model {
    fn pods(&self) -> Vec<Pod<'static>> {
        self.history.last().cloned().unwrap_or_default()
    }

    fn change(&mut self, pick: usize, change: impl FnOnce(&mut Vec<Pod<'static>>, usize)) {
        let mut pods = self.pods();
        if pods.is_empty() {
            return;
        }
        let index = pick % pods.len();
        change(&mut pods, index);
        self.history.push(pods);
    }

    fn active(&self) -> usize {
        self.pods().iter().filter(|p| !p.phase.is_terminal() && p.matches && p.controller.is_some()).count()
    }

    fn reconcile(&mut self, replicas: usize) -> Plan<'static> {
        self.seen = self.seen.max(self.written);
        let cached = self.history.get(self.seen).cloned().unwrap_or_default();
        let plan = plan(&goal(replicas), &cached, now());
        let mut pods = self.pods();
        for pod in &mut pods {
            if plan.adopt.contains(&pod.name) {
                pod.controller = Some("me");
            }
            if plan.release.contains(&pod.name) {
                pod.controller = None;
            }
        }
        pods.retain(|pod| !plan.delete.contains(&pod.name));
        for _ in 0..plan.create {
            self.names += 1;
            let name: &str = format!("p{}", self.names).leak();
            pods.push(Pod { phase: Phase::Pending, assigned: false, ready_since: None, ..Pod::running(name) });
        }
        if plan != (Plan { counts: plan.counts, wake: plan.wake, ..Plan::default() }) {
            self.history.push(pods);
            self.written = self.history.len() - 1;
        }
        plan
    }

    fn step(&mut self, step: &Step, replicas: usize) {
        match *step {
            Step::Reconcile => drop(self.reconcile(replicas)),
            Step::CacheAdvances(by) => self.seen = (self.seen + by).min(self.history.len().saturating_sub(1)),
            Step::PodFails(pick) => self.change(pick, |pods, i| pods[i].phase = Phase::Failed),
            Step::PodBecomesReady(pick) => self.change(pick, |pods, i| {
                if pods[i].phase.is_terminal() {
                    return;
                }
                pods[i] = Pod { phase: Phase::Running, assigned: true, ready_since: Some(now()), ..pods[i].clone() };
            }),
            Step::PodIsDeletedByUser(pick) => self.change(pick, |pods, i| {
                pods.remove(i);
            }),
            Step::LabelsChange(pick) => self.change(pick, |pods, i| pods[i].matches = !pods[i].matches),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Reconcile),
        3 => (0usize..4).prop_map(Step::CacheAdvances),
        1 => any::<usize>().prop_map(Step::PodFails),
        2 => any::<usize>().prop_map(Step::PodBecomesReady),
        1 => any::<usize>().prop_map(Step::PodIsDeletedByUser),
    ]
}

proptest! {
    #[test]
    fn never_more_than_wanted_and_exactly_that_in_the_end(
        replicas in 0usize..6,
        steps in proptest::collection::vec(step(), 0..60),
        relabels in proptest::collection::vec(any::<usize>(), 0..4),
    ) {
        let mut model = Model { history: vec![Vec::new()], ..Model::default() };
        for step in &steps {
            model.step(step, replicas);
            prop_assert!(model.active() <= replicas, "{} active of {replicas} after {step:?}", model.active());
        }
        for pick in relabels {
            model.step(&Step::LabelsChange(pick), replicas);
        }
        for _ in 0..4 {
            model.step(&Step::CacheAdvances(usize::MAX / 2), replicas);
            model.reconcile(replicas);
        }
        prop_assert_eq!(model.active(), replicas);
        let settled = model.history.len();
        model.reconcile(replicas);
        prop_assert_eq!(model.history.len(), settled, "a settled owner does nothing more");
    }
}
