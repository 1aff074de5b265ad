//! The ways to a new template: rolling, recreating, and sizing what is there in proportion.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    plan::Draft,
    revision,
    size::{self, Limits},
};

/// RollingUpdate: up with the new by what surge allows; when that is done, down with the old by what availability allows.
pub(super) fn roll(draft: &mut Draft<'_>) {
    draft.ensure_new();
    let Some(new) = draft.new else { return };
    if draft.created {
        return;
    }
    let all: i32 = draft.sets.iter().map(size::footprint).sum();
    let before = size::size(&draft.sets[new]);
    let to = size::new_size(draft.deployment, before, all);
    if to != before {
        return draft.resize(new, to);
    }
    shrink_old(draft, new);
}

fn shrink_old(draft: &mut Draft<'_>, new: usize) {
    let least = Limits::of(draft.deployment).least();
    let starting = size::size(&draft.sets[new]) - size::available(&draft.sets[new]);
    let all: i32 = draft.sets.iter().map(size::size).sum();
    // pods that may go even if none of the starting ones ever becomes available
    let mut sick = all - least - starting;
    if sick <= 0 {
        return;
    }
    let before: Vec<i32> = draft.sets.iter().map(size::size).collect();
    let mut sizes = before.clone();
    for index in draft.old() {
        let unavailable = sizes[index] - size::available(&draft.sets[index]);
        let down = unavailable.min(sick).max(0);
        sizes[index] -= down;
        sick -= down;
    }
    let mut spare = draft.sets.iter().map(size::available).sum::<i32>() - least;
    for index in draft.old() {
        let down = sizes[index].min(spare).max(0);
        sizes[index] -= down;
        spare -= down;
    }
    for index in draft.old() {
        draft.resize(index, sizes[index]);
    }
}

/// Recreate: the new only when every pod of the old has ended.
pub(super) fn recreate(draft: &mut Draft<'_>, occupied: &BTreeSet<String>) {
    draft.recognize_new();
    let before = draft.scalings.len();
    for index in draft.old() {
        draft.resize(index, 0);
    }
    let running = |index: usize| {
        let set = &draft.sets[index];
        size::footprint(set) > 0 || set.metadata.uid.as_ref().is_some_and(|uid| occupied.contains(uid))
    };
    if draft.scalings.len() > before || draft.old().any(running) {
        return;
    }
    draft.ensure_new();
    if let Some(new) = draft.new {
        draft.resize(new, size::wanted(draft.deployment));
    }
}

/// The Deployment was scaled, or is paused: sizes follow, and no roll-out begins.
pub(super) fn scale(draft: &mut Draft<'_>) {
    let limits = Limits::of(draft.deployment);
    let mut active: Vec<usize> = (0..draft.sets.len()).filter(|index| size::size(&draft.sets[*index]) > 0).collect();
    let only = match active.as_slice() {
        [] => draft.new.or_else(|| draft.sets.len().checked_sub(1)),
        [one] => Some(*one),
        _ => None,
    };
    if let Some(index) = only {
        draft.resize(index, limits.replicas);
        return revision::note_sizes(&mut draft.sets[index], limits.replicas, limits.most());
    }
    if draft.new.is_some_and(|new| is_saturated(draft, new)) {
        for index in draft.old() {
            draft.resize(index, 0);
        }
        return;
    }
    if size::recreates(draft.deployment) {
        return;
    }
    // biggest first, and of equals the one whose age fits the direction: new when growing, old when shrinking
    let growing = limits.most() > active.iter().map(|index| size::size(&draft.sets[*index])).sum();
    if growing {
        active.reverse();
    }
    active.sort_by_key(|index| Reverse(size::size(&draft.sets[*index])));
    let sets: Vec<_> = active.iter().map(|index| &draft.sets[*index]).collect();
    let sizes = size::proportional(&sets, draft.deployment);
    for (index, size) in active.into_iter().zip(sizes) {
        draft.resize(index, size);
        revision::note_sizes(&mut draft.sets[index], limits.replicas, limits.most());
    }
}

fn is_saturated(draft: &Draft<'_>, new: usize) -> bool {
    let (set, wanted) = (&draft.sets[new], size::wanted(draft.deployment));
    size::size(set) == wanted
        && revision::number(set, revision::DESIRED_REPLICAS) == Some(i64::from(wanted))
        && size::available(set) == wanted
}
