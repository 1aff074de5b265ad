//! Whether an image is there, must be pulled, or may not be.

use super::{Image, Reference, Store, name::Invalid};

/// What `imagePullPolicy` and the store say about an image.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Present(Image),
    Pull(Reference),
    /// Absent, and the policy is `Never`.
    Refused,
    Invalid(Invalid),
}

/// `Always` takes what was loaded by hand too: there is no registry to ask whether that name moved on.
pub(crate) fn verdict(store: &Store, image: &str, policy: Option<&str>) -> Verdict {
    let reference = match Reference::parse(image) {
        Ok(reference) => reference,
        Err(invalid) => return Verdict::Invalid(invalid),
    };
    match store.find(&reference) {
        Some(image) => Verdict::Present(image),
        None if policy == Some("Never") => Verdict::Refused,
        None => Verdict::Pull(reference),
    }
}
