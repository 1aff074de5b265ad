//! The slices say exactly who is there, whatever was there before, and are left alone when they do.

use proptest::prelude::*;

use super::*;

fn template() -> Template {
    Template {
        namespace: "default".into(),
        prefix: "web".into(),
        labels: BTreeMap::from([(SERVICE_NAME.into(), "web".into())]),
        owner: OwnerReference::default(),
    }
}

fn backend(number: usize) -> Backend {
    Backend {
        name: format!("web-{number}"),
        namespace: "default".into(),
        uid: format!("uid-{number}"),
        ip: format!("10.128.{}.{}", number / 250, number % 250),
        node: Some("node-1".into()),
        hostname: None,
        ready: true,
        serving: true,
        terminating: false,
    }
}

fn ports(number: u16) -> Vec<Port> {
    vec![Port { name: "http".into(), protocol: "TCP".into(), port: number, app_protocol: None }]
}

/// Writes the plan to a list of stored slices.
fn apply(stored: &mut Vec<EndpointSlice>, plan: Plan, names: &mut usize) {
    stored.retain(|slice| !plan.delete.contains(slice.metadata.name.as_ref().unwrap()));
    for update in plan.update {
        let place = stored.iter_mut().find(|slice| slice.metadata.name == update.metadata.name).unwrap();
        *place = update;
    }
    for mut slice in plan.create {
        *names += 1;
        slice.metadata.name = Some(format!("web-{names}"));
        stored.push(slice);
    }
}

fn told(stored: &[EndpointSlice]) -> Vec<(u16, String, bool)> {
    let mut all: Vec<_> = stored
        .iter()
        .flat_map(|slice| {
            let port = ports_of(slice).first().map_or(0, |port| port.port);
            slice.endpoints.iter().map(move |endpoint| {
                let ready = endpoint.conditions.as_ref().unwrap().ready.unwrap();
                (port, endpoint.target_ref.as_ref().unwrap().uid.clone().unwrap(), ready)
            })
        })
        .collect();
    all.sort();
    all
}

#[test]
fn one_pod_that_becomes_ready_is_one_update_of_one_slice() {
    let mut stored = Vec::new();
    let mut backends: Vec<Backend> = (0..250).map(backend).collect();
    backends[120].ready = false;
    apply(&mut stored, plan(&template(), &Groups::from([(ports(80), backends.clone())]), &[]), &mut 0);
    assert_eq!(stored.iter().map(|slice| slice.endpoints.len()).collect::<Vec<_>>(), [100, 100, 50]);
    backends[120].ready = true;
    let plan = plan(&template(), &Groups::from([(ports(80), backends)]), &stored);
    assert_eq!((plan.create.len(), plan.update.len(), plan.delete.len()), (0, 1, 0));
}

#[test]
fn a_service_without_pods_has_one_empty_slice() {
    let mut stored = Vec::new();
    apply(&mut stored, plan(&template(), &Groups::new(), &[]), &mut 0);
    assert_eq!((stored.len(), stored[0].endpoints.len()), (1, 0));
    assert_eq!(plan(&template(), &Groups::new(), &stored), Plan::default());
}

proptest! {
    #[test]
    fn the_slices_always_say_who_is_there(
        rounds in proptest::collection::vec(
            proptest::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 0..260), 1..5),
    ) {
        let (mut stored, mut names) = (Vec::new(), 0);
        for round in rounds {
            let mut groups = Groups::new();
            let mut expected = Vec::new();
            for (number, (there, ready, other_port)) in round.into_iter().enumerate() {
                if there {
                    let port = if other_port { 8080 } else { 80 };
                    groups.entry(ports(port)).or_default().push(Backend { ready, ..backend(number) });
                    expected.push((port, format!("uid-{number}"), ready));
                }
            }
            expected.sort();
            let plan_now = plan(&template(), &groups, &stored);
            apply(&mut stored, plan_now, &mut names);
            prop_assert_eq!(told(&stored), expected);
            prop_assert!(stored.iter().all(|slice| slice.endpoints.len() <= MAX_ENDPOINTS));
            prop_assert_eq!(plan(&template(), &groups, &stored), Plan::default());
        }
    }
}
