//! Who belongs to whom: adoption and release of objects by selector and controller reference.

/// The claimant: the object that wants to control others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimant<'a> {
    pub uid: &'a str,
    /// Being deleted: it keeps what it has and takes nothing new.
    pub deleting: bool,
}

/// An object within reach of the claimant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    /// The uid of its controller, if it has one.
    pub controller: Option<&'a str>,
    /// Whether the claimant's selector matches its labels.
    pub matches: bool,
    pub deleting: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Mine,
    /// Nobody's and matching: a controller reference is to be added.
    Adopt,
    /// Mine, but it no longer matches: the reference is to be taken away.
    Release,
    Foreign,
}

impl Claimant<'_> {
    pub(crate) fn claim(self, candidate: Candidate<'_>) -> Claim {
        match candidate.controller {
            Some(uid) if uid != self.uid => Claim::Foreign,
            Some(_) if candidate.matches => Claim::Mine,
            Some(_) if self.deleting => Claim::Foreign,
            Some(_) => Claim::Release,
            None if self.deleting || candidate.deleting || !candidate.matches => Claim::Foreign,
            None => Claim::Adopt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(deleting: bool, controller: Option<&str>, matches: bool, candidate_deleting: bool) -> Claim {
        Claimant { uid: "me", deleting }.claim(Candidate { controller, matches, deleting: candidate_deleting })
    }

    #[test]
    fn a_matching_orphan_is_adopted_unless_either_side_is_being_deleted() {
        assert_eq!(claim(false, None, true, false), Claim::Adopt);
        assert_eq!(claim(true, None, true, false), Claim::Foreign);
        assert_eq!(claim(false, None, true, true), Claim::Foreign);
        assert_eq!(claim(false, None, false, false), Claim::Foreign);
    }

    #[test]
    fn what_no_longer_matches_is_released_and_what_is_anothers_stays_so() {
        assert_eq!(claim(false, Some("me"), true, true), Claim::Mine);
        assert_eq!(claim(false, Some("me"), false, false), Claim::Release);
        assert_eq!(claim(true, Some("me"), false, false), Claim::Foreign);
        assert_eq!(claim(false, Some("other"), true, false), Claim::Foreign);
    }
}
