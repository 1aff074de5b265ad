//! Revisions and sizes as annotations: what `kubectl rollout history` and `undo` read.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

/// What belongs to the Deployment alone, or is written by this controller itself.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];
/// `revision-history` forgets its oldest entries beyond this many characters.
const HISTORY_LENGTH: usize = 2_000;

/// An annotation that is a number.
pub(super) fn number(set: &ReplicaSet, name: &str) -> Option<i64> {
    set.metadata.annotations.as_ref()?.get(name)?.parse().ok()
}

/// The revision of a ReplicaSet; 0 before it has one.
pub(super) fn of(set: &ReplicaSet) -> i64 {
    number(set, REVISION).unwrap_or(0)
}

/// The revision that the Deployment shows.
pub(super) fn shown(deployment: &Deployment) -> Option<i64> {
    deployment.metadata.annotations.as_ref()?.get(REVISION)?.parse().ok()
}

/// Gives the new ReplicaSet the Deployment's annotations, `kubernetes.io/change-cause` among them, and its revision.
/// A ReplicaSet that comes back (a rollback) remembers the revisions it had.
pub(super) fn annotate(set: &mut ReplicaSet, deployment: &Deployment, revision: i64) {
    let annotations = set.metadata.annotations.get_or_insert_default();
    for (name, value) in deployment.metadata.annotations.iter().flatten() {
        if !NOT_COPIED.contains(&name.as_str()) {
            annotations.insert(name.clone(), value.clone());
        }
    }
    let before = annotations.get(REVISION).cloned();
    if before.as_deref().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0) >= revision {
        return;
    }
    annotations.insert(REVISION.into(), revision.to_string());
    if let Some(before) = before {
        remember(annotations, &before);
    }
}

fn remember(annotations: &mut BTreeMap<String, String>, revision: &str) {
    let history = annotations.entry(HISTORY.into()).or_default();
    if !history.is_empty() {
        history.push(',');
    }
    history.push_str(revision);
    while history.len() > HISTORY_LENGTH {
        match history.find(',') {
            Some(comma) => drop(history.drain(..=comma)),
            None => return,
        }
    }
}

/// What the sizes of this ReplicaSet were decided from; proportional scaling reads it back.
pub(super) fn note_sizes(set: &mut ReplicaSet, desired: i32, most: i32) {
    let annotations = set.metadata.annotations.get_or_insert_default();
    annotations.insert(DESIRED_REPLICAS.into(), desired.to_string());
    annotations.insert(MAX_REPLICAS.into(), most.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(annotations: &[(&str, &str)]) -> Deployment {
        let mut deployment = Deployment::default();
        deployment.metadata.annotations =
            Some(annotations.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        deployment
    }

    fn annotation<'a>(set: &'a ReplicaSet, name: &str) -> Option<&'a str> {
        set.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }

    #[test]
    fn the_change_cause_is_copied_and_the_last_applied_configuration_is_not() {
        let mut set = ReplicaSet::default();
        let cause = ("kubernetes.io/change-cause", "new image");
        annotate(&mut set, &deployment(&[cause, (NOT_COPIED[0], "{}"), (REVISION, "7")]), 1);
        assert_eq!(annotation(&set, cause.0), Some("new image"));
        assert_eq!(annotation(&set, NOT_COPIED[0]), None);
        assert_eq!(of(&set), 1);
        assert_eq!(annotation(&set, HISTORY), None);
    }

    #[test]
    fn a_rollback_moves_the_revision_up_and_keeps_the_old_ones_as_history() {
        let mut set = ReplicaSet::default();
        for revision in [1, 4, 6] {
            annotate(&mut set, &deployment(&[]), revision);
        }
        annotate(&mut set, &deployment(&[]), 5);
        assert_eq!(of(&set), 6);
        assert_eq!(annotation(&set, HISTORY), Some("1,4"));
    }

    #[test]
    fn the_history_is_bounded() {
        let mut annotations = BTreeMap::new();
        for revision in 0..2_000 {
            remember(&mut annotations, &revision.to_string());
        }
        let history = &annotations[HISTORY];
        assert!(history.len() <= HISTORY_LENGTH && history.ends_with(",1999"));
    }
}
