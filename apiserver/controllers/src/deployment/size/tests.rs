//! Surge, unavailability and proportional scaling, on upstream's examples.

use k8s_openapi::api::apps::v1::{DeploymentSpec, DeploymentStrategy, ReplicaSetSpec, RollingUpdateDeployment};

use super::*;

fn deployment(replicas: i32, surge: &str, unavailable: &str) -> Deployment {
    let value = |text: &str| text.parse().map_or_else(|_| IntOrString::String(text.into()), IntOrString::Int);
    let rolling = RollingUpdateDeployment { max_surge: Some(value(surge)), max_unavailable: Some(value(unavailable)) };
    let strategy = DeploymentStrategy { type_: Some("RollingUpdate".into()), rolling_update: Some(rolling) };
    let spec = DeploymentSpec { replicas: Some(replicas), strategy: Some(strategy), ..DeploymentSpec::default() };
    Deployment { spec: Some(spec), ..Deployment::default() }
}

fn set(replicas: i32, most: i32) -> ReplicaSet {
    let spec = ReplicaSetSpec { replicas: Some(replicas), ..ReplicaSetSpec::default() };
    let mut set = ReplicaSet { spec: Some(spec), ..ReplicaSet::default() };
    revision::note_sizes(&mut set, most, most);
    set
}

fn sizes(deployment: &Deployment, before: &[(i32, i32)]) -> Vec<i32> {
    let sets: Vec<ReplicaSet> = before.iter().map(|(replicas, most)| set(*replicas, *most)).collect();
    proportional(&sets.iter().collect::<Vec<_>>(), deployment)
}

#[test]
fn surge_rounds_up_and_unavailability_down() {
    let limits = |replicas, surge, unavailable| {
        let limits = Limits::of(&deployment(replicas, surge, unavailable));
        (limits.surge, limits.unavailable)
    };
    assert_eq!(limits(3, "25%", "25%"), (1, 0));
    assert_eq!(limits(10, "25%", "25%"), (3, 2));
    assert_eq!(limits(10, "0", "0"), (0, 1));
    assert_eq!(limits(1, "0%", "25%"), (0, 1));
    assert_eq!(limits(2, "1", "9"), (1, 2));
    assert_eq!(limits(0, "25%", "25%"), (0, 0));
}

#[test]
fn the_new_set_takes_what_room_there_is() {
    let of_ten = deployment(10, "25%", "25%");
    assert_eq!(new_size(&of_ten, 0, 10), 3);
    assert_eq!(new_size(&of_ten, 3, 13), 3);
    assert_eq!(new_size(&of_ten, 5, 8), 10);
    assert_eq!(new_size(&of_ten, 12, 12), 10);
}

#[test]
fn a_scaling_in_the_middle_of_a_roll_out_keeps_the_proportions() {
    // 10 → 30 with two sets of 8 and 5 of at most 13: upstream's documented example gives the bigger one more
    assert_eq!(sizes(&deployment(30, "3", "2"), &[(8, 13), (5, 13)]), [20, 13]);
    assert_eq!(sizes(&deployment(5, "0", "1"), &[(5, 10), (5, 10)]), [2, 3]);
    assert_eq!(sizes(&deployment(0, "25%", "25%"), &[(8, 13), (5, 13)]), [0, 0]);
}

proptest::proptest! {
    #[test]
    fn proportional_sizes_fill_exactly_what_is_allowed(
        replicas in 0i32..100, surge in 0i32..10, before in proptest::collection::vec((1i32..40, 1i32..80), 1..5),
    ) {
        let deployment = deployment(replicas, &surge.to_string(), "1");
        let allowed = if replicas == 0 { 0 } else { replicas + surge };
        let sizes = sizes(&deployment, &before);
        proptest::prop_assert!(sizes.iter().all(|size| *size >= 0), "{sizes:?}");
        proptest::prop_assert!(sizes.iter().sum::<i32>() >= allowed);
        let annotated: i32 = before.iter().map(|(replicas, _)| replicas).sum();
        if before.iter().all(|(_, most)| *most == annotated) {
            proptest::prop_assert_eq!(sizes.iter().sum::<i32>(), allowed);
        }
    }
}
