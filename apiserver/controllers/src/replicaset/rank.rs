//! Which pods go first when there are too many: the ones whose loss costs least.

use std::cmp::Ordering;

use client::views::Phase;
use k8s_openapi::jiff::Timestamp;

use super::plan::Pod;

/// Sorts the pods to delete first to the front.
pub(super) fn sort(pods: &mut [&Pod<'_>], now: Timestamp) {
    pods.sort_by(|a, b| compare(a, b, now));
}

fn compare(a: &Pod<'_>, b: &Pod<'_>, now: Timestamp) -> Ordering {
    let ready = |pod: &Pod<'_>| pod.ready_since.is_some();
    // false sorts before true: unassigned first, unready first
    (a.assigned.cmp(&b.assigned))
        .then_with(|| order(a.phase).cmp(&order(b.phase)))
        .then_with(|| ready(a).cmp(&ready(b)))
        .then_with(|| a.deletion_cost.cmp(&b.deletion_cost))
        .then_with(|| b.neighbours.cmp(&a.neighbours))
        .then_with(|| younger(a.ready_since, b.ready_since, now))
        .then_with(|| b.restarts.cmp(&a.restarts))
        .then_with(|| younger(Some(a.created), Some(b.created), now))
        .then_with(|| a.uid.cmp(b.uid))
}

fn order(phase: Phase) -> u8 {
    match phase {
        Phase::Pending => 0,
        Phase::Unknown => 1,
        _ => 2,
    }
}

/// Ages are compared by their order of magnitude only, so that a scale-down does not always hit the newest failure domain.
fn younger(a: Option<Timestamp>, b: Option<Timestamp>, now: Timestamp) -> Ordering {
    let magnitude = |since: Timestamp| {
        let age = now.duration_since(since).as_nanos();
        u128::try_from(age).ok().and_then(u128::checked_ilog2).map_or(-1, i64::from)
    };
    match (a, b) {
        (Some(a), Some(b)) => magnitude(a).cmp(&magnitude(b)),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    fn pod(name: &'static str) -> Pod<'static> {
        let since = Timestamp::from_second(900_000).unwrap();
        Pod { ready_since: Some(since), created: since, ..Pod::running(name) }
    }

    fn first(pods: &[Pod<'static>]) -> &'static str {
        let mut refs: Vec<&Pod<'_>> = pods.iter().collect();
        sort(&mut refs, now());
        refs[0].name
    }

    #[test]
    fn each_reason_decides_before_the_next() {
        let unassigned = Pod { assigned: false, deletion_cost: 9, ..pod("unassigned") };
        let pending = Pod { phase: Phase::Pending, deletion_cost: 8, ..pod("pending") };
        let unready = Pod { ready_since: None, deletion_cost: 7, ..pod("unready") };
        let cheap = Pod { deletion_cost: -5, ..pod("cheap") };
        let crowded = Pod { neighbours: 3, ..pod("crowded") };
        let young = Pod { ready_since: Timestamp::from_second(999_990).ok(), ..pod("young") };
        let restarted = Pod { restarts: 4, ..pod("restarted") };
        let fresh = Pod { created: Timestamp::from_second(999_999).unwrap(), ..pod("fresh") };
        let mut all = vec![pod("plain"), fresh, restarted, young, crowded, cheap, unready, pending, unassigned];
        let mut order = Vec::new();
        while !all.is_empty() {
            let name = first(&all);
            all.retain(|pod| pod.name != name);
            order.push(name);
        }
        assert_eq!(order, ["unassigned", "pending", "unready", "cheap", "crowded", "young", "restarted", "fresh", "plain"]);
    }

    #[test]
    fn ages_of_one_magnitude_are_equal_and_the_uid_decides() {
        let a = Pod { ready_since: Timestamp::from_second(899_000).ok(), uid: "b", ..pod("older") };
        let b = Pod { uid: "a", ..pod("newer") };
        assert_eq!(first(&[a, b]), "newer");
    }
}
