//! What becomes of an object when its owners change; pure.

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// How an owner named by a reference stands, verified against the API where the caches do not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Exists and stays.
    Solid,
    /// Is gone, or is another object of that name.
    Absent,
    /// Being deleted in the foreground: it waits for this object if the reference says so.
    Waiting { blocks: bool },
}

/// An object that is looked at, as an item.
#[derive(Clone, Debug, Default)]
pub(super) struct Item<'a> {
    pub deleting: bool,
    pub finalizers: &'a [Box<str>],
    /// Uid and standing of each owner, in the order of the references.
    pub owners: &'a [(&'a str, Owner)],
    /// Whether anything depends on it.
    pub has_dependents: bool,
    /// Whether something that depends on it is itself being deleted in the foreground: they may be a circle.
    pub in_circle: bool,
    /// Whether something depends on it whose reference says that its deletion waits.
    pub is_blocked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    /// Take the references to these uids away: another owner holds the object.
    Unlink(Vec<String>),
    /// Its owner shall not wait for it: the owner may be waiting for itself.
    Unblock,
    /// Nobody holds it any more.
    Delete(Policy),
    /// Every reference to it must go, then the finalizer.
    Orphan,
    /// Its dependents are to be deleted first.
    AwaitDependents,
    /// Nothing holds the foreground deletion up any more.
    FinishForeground,
}

/// What becomes of the object's own dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Background,
    Foreground,
    Orphan,
}

pub(super) fn plan(item: &Item<'_>) -> Verdict {
    let has = |name: &str| item.finalizers.iter().any(|finalizer| &**finalizer == name);
    if item.deleting {
        if has(ORPHAN) {
            return Verdict::Orphan;
        }
        if has(FOREGROUND) {
            return if item.is_blocked { Verdict::AwaitDependents } else { Verdict::FinishForeground };
        }
        return Verdict::Keep;
    }
    if item.owners.is_empty() {
        return Verdict::Keep;
    }
    let held = item.owners.iter().any(|(_, owner)| *owner == Owner::Solid);
    if held {
        let loose = item.owners.iter().filter(|(_, owner)| *owner != Owner::Solid);
        let uids: Vec<String> = loose.map(|(uid, _)| (*uid).to_owned()).collect();
        return if uids.is_empty() { Verdict::Keep } else { Verdict::Unlink(uids) };
    }
    if item.in_circle && item.owners.iter().any(|(_, owner)| *owner == Owner::Waiting { blocks: true }) {
        return Verdict::Unblock;
    }
    let awaited = item.owners.iter().any(|(_, owner)| matches!(owner, Owner::Waiting { .. }));
    Verdict::Delete(if awaited && item.has_dependents {
        // the owner waits until the whole tree below it is gone
        Policy::Foreground
    } else if has(ORPHAN) {
        Policy::Orphan
    } else if has(FOREGROUND) {
        Policy::Foreground
    } else {
        Policy::Background
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLID: (&str, Owner) = ("solid", Owner::Solid);
    const ABSENT: (&str, Owner) = ("absent", Owner::Absent);
    const WAITING: (&str, Owner) = ("waiting", Owner::Waiting { blocks: true });

    fn with(owners: &[(&str, Owner)]) -> Verdict {
        plan(&Item { owners, ..Item::default() })
    }

    #[test]
    fn one_solid_owner_holds_it_and_the_others_are_unlinked() {
        assert_eq!(with(&[]), Verdict::Keep);
        assert_eq!(with(&[SOLID]), Verdict::Keep);
        assert_eq!(with(&[ABSENT, SOLID, WAITING]), Verdict::Unlink(vec!["absent".into(), "waiting".into()]));
    }

    #[test]
    fn without_a_solid_owner_it_goes_and_takes_its_own_first_if_somebody_waits() {
        assert_eq!(with(&[ABSENT]), Verdict::Delete(Policy::Background));
        assert_eq!(with(&[WAITING]), Verdict::Delete(Policy::Background));
        let owners = [WAITING, ABSENT];
        let parent = Item { owners: &owners, has_dependents: true, ..Item::default() };
        assert_eq!(plan(&parent), Verdict::Delete(Policy::Foreground));
    }

    #[test]
    fn foreground_deletion_ends_when_nothing_blocks_it() {
        let finalizers = [Box::from(FOREGROUND)];
        let item = Item { deleting: true, finalizers: &finalizers, is_blocked: true, ..Item::default() };
        assert_eq!(plan(&item), Verdict::AwaitDependents);
        assert_eq!(plan(&Item { is_blocked: false, ..item }), Verdict::FinishForeground);
    }

    #[test]
    fn a_circle_is_cut_once() {
        let cut = [("waiting", Owner::Waiting { blocks: false })];
        let item = Item { owners: &[WAITING], has_dependents: true, in_circle: true, ..Item::default() };
        assert_eq!(plan(&item), Verdict::Unblock);
        assert_eq!(plan(&Item { owners: &cut, ..item }), Verdict::Delete(Policy::Foreground));
    }

    #[test]
    fn orphaning_goes_before_everything_else() {
        let finalizers = [Box::from(FOREGROUND), Box::from(ORPHAN)];
        let item = Item { deleting: true, finalizers: &finalizers, is_blocked: true, ..Item::default() };
        assert_eq!(plan(&item), Verdict::Orphan);
    }
}
