//! Old ReplicaSets that nobody will roll back to.

use k8s_openapi::api::apps::v1::ReplicaSet;

use super::{plan::Draft, revision, size};

/// Names of the ReplicaSets beyond `revisionHistoryLimit`, lowest revision first; never one that still has pods.
pub(super) fn surplus(draft: &Draft<'_>) -> Vec<String> {
    let Some(limit) = size::spec(draft.deployment).revision_history_limit else { return Vec::new() };
    let mut old: Vec<&ReplicaSet> =
        draft.old().map(|index| &draft.sets[index]).filter(|set| set.metadata.deletion_timestamp.is_none()).collect();
    let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    // stable: of one revision, the oldest goes first
    old.sort_by_key(|set| revision::of(set));
    old.into_iter().take(surplus).filter(|set| is_empty(set)).filter_map(|set| set.metadata.name.clone()).collect()
}

fn is_empty(set: &ReplicaSet) -> bool {
    let observed = set.status.as_ref().and_then(|status| status.observed_generation).unwrap_or(0);
    size::footprint(set) == 0 && set.metadata.generation.unwrap_or(0) <= observed
}
