//! The plan against a model of a cluster: it converges from every start, within its limits at every step.

use k8s_openapi::{
    api::{
        apps::v1::{DeploymentSpec, DeploymentStrategy, ReplicaSetStatus, RollingUpdateDeployment},
        core::v1::{Container, PodSpec, PodTemplateSpec},
    },
    apimachinery::pkg::{apis::meta::v1::Time, util::intstr::IntOrString},
};
use proptest::prelude::*;

use super::*;

const BROKEN: &str = "broken";

/// A Deployment, its ReplicaSets, and pods that become available one by one unless their image is broken.
pub(super) struct Model {
    deployment: Deployment,
    sets: Vec<ReplicaSet>,
    seconds: i64,
    scalings: Vec<Scaling>,
}

fn template(image: &str) -> PodTemplateSpec {
    let container = Container { name: "c".into(), image: Some(image.into()), ..Container::default() };
    let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
    PodTemplateSpec { spec: Some(spec), ..PodTemplateSpec::default() }
}

impl Model {
    fn new(replicas: i32, surge: i32, unavailable: i32) -> Self {
        let rolling = RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(surge)),
            max_unavailable: Some(IntOrString::Int(unavailable)),
        };
        let strategy = DeploymentStrategy { type_: Some("RollingUpdate".into()), rolling_update: Some(rolling) };
        let spec = DeploymentSpec {
            replicas: Some(replicas),
            strategy: Some(strategy),
            template: template("app:1"),
            progress_deadline_seconds: Some(600),
            revision_history_limit: Some(10),
            ..DeploymentSpec::default()
        };
        let mut deployment = Deployment { spec: Some(spec), ..Deployment::default() };
        deployment.metadata.name = Some("app".into());
        deployment.metadata.generation = Some(1);
        Self { deployment, sets: Vec::new(), seconds: 0, scalings: Vec::new() }
    }

    fn spec(&mut self) -> &mut DeploymentSpec {
        self.deployment.metadata.generation = self.deployment.metadata.generation.map(|generation| generation + 1);
        self.deployment.spec.as_mut().unwrap()
    }

    fn reconcile(&mut self) -> bool {
        self.seconds += 1;
        let occupied = BTreeSet::new();
        let now = Timestamp::from_second(self.seconds).unwrap();
        let plan = plan(&Observed { deployment: &self.deployment, sets: &self.sets, occupied: &occupied, now });
        let moved = plan.create.is_some() || !plan.update.is_empty() || !plan.delete.is_empty();
        for update in plan.update {
            let place = self.sets.iter_mut().find(|set| set.metadata.uid == update.metadata.uid).unwrap();
            *place = update;
        }
        if let Some(mut set) = plan.create {
            set.metadata.uid = set.metadata.name.clone();
            set.metadata.creation_timestamp = Some(Time(now));
            set.status = Some(ReplicaSetStatus::default());
            self.sets.push(set);
        }
        self.sets.retain(|set| !plan.delete.contains(set.metadata.name.as_ref().unwrap()));
        if let Some(revision) = plan.revision {
            let annotations = self.deployment.metadata.annotations.get_or_insert_default();
            annotations.insert(revision::REVISION.into(), revision.to_string());
        }
        self.scalings.extend(plan.scalings);
        let changed = self.deployment.status.as_ref() != Some(&plan.status);
        self.deployment.status = Some(plan.status);
        moved || changed
    }

    /// One ReplicaSet's controller acts: pods come and go at once, unavailable ones go first.
    fn replicate(&mut self, pick: usize) {
        let count = self.sets.len().max(1);
        let Some(set) = self.sets.get_mut(pick % count) else { return };
        let wanted = size::size(set);
        let status = set.status.as_mut().unwrap();
        status.replicas = wanted;
        status.available_replicas = Some(status.available_replicas.unwrap_or(0).min(wanted));
        status.ready_replicas = status.available_replicas;
    }

    /// One pod of a ReplicaSet becomes available, if its image lets it.
    fn start_pod(&mut self, pick: usize) {
        let count = self.sets.len().max(1);
        let Some(set) = self.sets.get_mut(pick % count) else { return };
        let image = set.spec.as_ref().unwrap().template.as_ref().unwrap().spec.as_ref().unwrap().containers[0].image.clone();
        let status = set.status.as_mut().unwrap();
        let available = status.available_replicas.unwrap_or(0);
        if image.as_deref() != Some(BROKEN) && available < status.replicas {
            status.available_replicas = Some(available + 1);
            status.ready_replicas = status.available_replicas;
        }
    }

    fn settle(&mut self) {
        for _ in 0..400 {
            let mut quiet = !self.reconcile();
            for pick in 0..self.sets.len() {
                let before = self.sets[pick].status.clone();
                self.replicate(pick);
                self.start_pod(pick);
                quiet &= before == self.sets[pick].status;
            }
            if quiet {
                return;
            }
        }
        panic!("never settles: {:?}", self.sets.iter().map(|set| (size::size(set), &set.status)).collect::<Vec<_>>());
    }

    fn pods(&self) -> i32 {
        self.sets.iter().map(|set| set.status.as_ref().unwrap().replicas).sum()
    }

    fn available(&self) -> i32 {
        self.sets.iter().map(|set| set.status.as_ref().unwrap().available_replicas.unwrap_or(0)).sum()
    }

    fn sizes(&self) -> Vec<i32> {
        self.sets.iter().map(size::size).collect()
    }

    fn reason(&self, kind: &str) -> String {
        let conditions = self.deployment.status.as_ref().unwrap().conditions.as_ref().unwrap();
        condition::find(conditions, kind).and_then(|c| c.reason.clone()).unwrap_or_default()
    }

    fn revision(&self) -> Option<i64> {
        revision::shown(&self.deployment)
    }
}

#[test]
fn the_first_roll_out_is_one_scaling_and_ends_available() {
    let mut model = Model::new(3, 1, 0);
    model.reconcile();
    assert_eq!(model.reason(condition::PROGRESSING), "NewReplicaSetCreated");
    assert_eq!(model.reason(condition::AVAILABLE), "MinimumReplicasUnavailable");
    model.settle();
    assert_eq!((model.sizes(), model.revision()), (vec![3], Some(1)));
    let name = model.sets[0].metadata.name.clone().unwrap();
    assert_eq!(model.scalings, [Scaling { set: name, from: 0, to: 3 }]);
    assert_eq!(model.reason(condition::PROGRESSING), "NewReplicaSetAvailable");
    assert_eq!(model.reason(condition::AVAILABLE), "MinimumReplicasAvailable");
}

#[test]
fn a_broken_image_never_replaces_the_good_pods_and_times_out() {
    let mut model = Model::new(3, 1, 0);
    model.settle();
    model.spec().template = template(BROKEN);
    model.settle();
    assert_eq!((model.sizes(), model.available()), (vec![3, 1], 3));
    model.seconds += 601;
    model.settle();
    assert_eq!(model.reason(condition::PROGRESSING), "ProgressDeadlineExceeded");
    model.spec().template = template("app:1");
    model.settle();
    assert_eq!((model.sizes(), model.revision()), (vec![3, 0], Some(3)));
    assert_eq!(model.reason(condition::PROGRESSING), "NewReplicaSetAvailable");
}

#[test]
fn undo_brings_the_old_set_back_under_a_new_revision() {
    let mut model = Model::new(2, 1, 0);
    for image in ["app:1", "app:2", "app:1"] {
        model.spec().template = template(image);
        model.settle();
    }
    assert_eq!((model.sizes(), model.revision()), (vec![2, 0], Some(3)));
    assert_eq!(model.sets[0].metadata.annotations.as_ref().unwrap()[revision::HISTORY], "1");
}

#[test]
fn paused_it_scales_but_does_not_roll() {
    let mut model = Model::new(2, 1, 0);
    model.settle();
    model.spec().paused = Some(true);
    model.spec().template = template("app:2");
    model.spec().replicas = Some(5);
    model.settle();
    assert_eq!(model.sizes(), [5]);
    assert_eq!(model.reason(condition::PROGRESSING), "DeploymentPaused");
    model.spec().paused = Some(false);
    model.settle();
    assert_eq!(model.sizes(), [0, 5]);
}

#[test]
fn recreate_starts_the_new_when_the_old_are_gone() {
    let mut model = Model::new(3, 1, 0);
    model.settle();
    model.spec().strategy = Some(DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None });
    model.spec().template = template("app:2");
    model.reconcile();
    assert_eq!(model.sizes(), [0]);
    model.reconcile();
    assert_eq!(model.sizes(), [0], "its pods are still there");
    model.replicate(0);
    model.reconcile();
    assert_eq!(model.sizes(), [0, 3]);
}

#[test]
fn the_history_keeps_its_limit() {
    let mut model = Model::new(1, 1, 0);
    model.spec().revision_history_limit = Some(2);
    for image in ["a", "b", "c", "d", "e"] {
        model.spec().template = template(image);
        model.settle();
        for set in &mut model.sets {
            set.status.as_mut().unwrap().observed_generation = set.metadata.generation;
        }
    }
    model.settle();
    assert_eq!(model.sizes(), [0, 0, 1]);
}

#[derive(Clone, Debug)]
enum Step {
    Reconcile,
    Replicate(usize),
    StartPod(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Reconcile),
        3 => any::<usize>().prop_map(Step::Replicate),
        4 => any::<usize>().prop_map(Step::StartPod),
    ]
}

proptest! {
    #[test]
    fn a_roll_out_stays_within_its_limits_at_every_step_and_ends(
        (replicas, surge, unavailable) in (1i32..9, 0i32..5, 0i32..5),
        images in proptest::collection::vec(prop_oneof![Just("app:1"), Just("app:2"), Just("app:3"), Just(BROKEN)], 1..4),
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        let mut model = Model::new(replicas, surge, unavailable);
        model.settle();
        let limits = Limits::of(&model.deployment);
        let every = steps.len() / images.len() + 1;
        for (index, step) in steps.iter().enumerate() {
            if index % every == 0 {
                model.spec().template = template(images[index / every]);
            }
            match step {
                Step::Reconcile => drop(model.reconcile()),
                Step::Replicate(pick) => model.replicate(*pick),
                Step::StartPod(pick) => model.start_pod(*pick),
            }
            prop_assert!(model.pods() <= limits.most(), "{} pods, {limits:?}", model.pods());
            prop_assert!(model.available() >= limits.least(), "{} available, {limits:?}", model.available());
        }
        model.spec().template = template("app:9");
        model.settle();
        prop_assert_eq!(model.available(), replicas);
        prop_assert_eq!(model.sizes().iter().filter(|size| **size > 0).count(), 1);
    }

    #[test]
    fn every_start_converges_however_often_it_is_scaled(
        starts in proptest::collection::vec((0i32..9, 0i32..9), 1..5),
        scales in proptest::collection::vec(0i32..12, 1..4),
        surge in 0i32..4,
    ) {
        let mut model = Model::new(scales[0], surge, 1);
        for (index, (replicas, available)) in starts.iter().enumerate() {
            model.spec().template = template(&format!("start:{index}"));
            model.reconcile();
            let Some(set) = model.sets.last_mut() else { continue };
            size::resize(set, *replicas);
            set.status.as_mut().unwrap().available_replicas = Some(*available.min(replicas));
        }
        for replicas in &scales {
            model.spec().replicas = Some(*replicas);
            model.reconcile();
            model.replicate(0);
        }
        model.settle();
        prop_assert_eq!(model.available(), *scales.last().unwrap());
        prop_assert_eq!(model.pods(), *scales.last().unwrap());
    }
}
