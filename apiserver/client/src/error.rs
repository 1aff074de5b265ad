//! What can go wrong, and which of it is nobody's fault.

use std::error::Error as StdError;

/// Why a client could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not open the watch of {kind}")]
    Open {
        kind: &'static str,
        #[source]
        source: Box<api::Status>,
    },
    #[error("the watch of {kind} failed")]
    Watch {
        kind: &'static str,
        #[source]
        source: Box<kube::runtime::watcher::Error>,
    },
}

/// The HTTP code of the API's refusal somewhere in `error`'s chain of causes.
pub fn code(error: &(dyn StdError + 'static)) -> Option<u16> {
    let mut next = Some(error);
    while let Some(error) = next {
        // a boxed source is an error of its own type
        let kube =
            error.downcast_ref::<kube::Error>().or_else(|| error.downcast_ref::<Box<kube::Error>>().map(AsRef::as_ref));
        if let Some(kube::Error::Api(status)) = kube {
            return Some(status.code);
        }
        if let Some(status) = error.downcast_ref::<api::Status>() {
            return Some(status.code);
        }
        next = error.source();
    }
    None
}

/// Somebody else was faster; look again and decide anew.
pub fn is_conflict(error: &(dyn StdError + 'static)) -> bool {
    code(error) == Some(409)
}

pub fn is_not_found(error: &(dyn StdError + 'static)) -> bool {
    code(error) == Some(404)
}

/// All sentences of the chain in one line: `could not open the watch of Pod: forbidden`.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line = format!("{line}: {cause}");
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not scale")]
    struct Outer(#[source] kube::Error);

    #[test]
    fn a_conflict_is_found_below_other_errors() {
        let status = kube::core::Status { code: 409, ..kube::core::Status::default() };
        let error = Outer(kube::Error::Api(Box::new(status)));
        assert!(is_conflict(&error));
        assert!(!is_not_found(&error));
        assert!(chain(&error).starts_with("could not scale: "));
    }
}
