//! Where the next page starts, and at which revision: the `continue` of a list.

use api::{Key, Revision, Status};
use base64::{DecodeError, Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// The page after `last`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Continue {
    /// The revision of the first page; none: as things are now.
    pub(crate) revision: Option<Revision>,
    pub(crate) last: Key,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    v: String,
    rv: i64,
    start: String,
}

const VERSION: &str = "meta.k8s.io/v1";

impl Continue {
    pub(crate) fn encode(&self) -> String {
        let rv = self.revision.map_or(-1, |revision| revision.0 as i64);
        let start = format!("{}/{}\0", self.last.namespace, self.last.name);
        let wire = Wire { v: VERSION.into(), rv, start };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&wire).expect("a token is plain data"))
    }

    pub(crate) fn decode(token: &str) -> Result<Self, Status> {
        let invalid = |why: String| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| {
            let at = match error {
                DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol { offset: at, .. } => at,
                DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => token.len(),
            };
            invalid(format!("illegal base64 data at input byte {at}"))
        })?;
        let wire: Wire = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        if wire.v != VERSION {
            return Err(invalid(format!("server does not recognize this encoded version {:?}", wire.v)));
        }
        if wire.rv == 0 || wire.rv < -1 {
            return Err(invalid(format!("incorrect encoded start resourceVersion (version {VERSION})")));
        }
        let start = wire.start.trim_end_matches('\0').split_once('/');
        let (namespace, name) = start.ok_or_else(|| invalid(format!("encoded start key empty (version {VERSION})")))?;
        let revision = u64::try_from(wire.rv).ok().map(Revision);
        Ok(Self { revision, last: Key::new(namespace, name) })
    }

    /// Where to look: the first key after [`Continue::last`].
    pub(crate) fn start(&self) -> Key {
        Key::new(&self.last.namespace, &format!("{}\0", self.last.name))
    }
}

/// The first page's revision is gone; the client may go on with things as they are now.
pub(crate) fn expired(last: Key) -> Status {
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
         the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
         Continuing with the provided token results in an inconsistent list - objects that were created, modified, or \
         deleted between the time the first chunk was returned and now may show up in the list.",
    );
    status.next = Continue { revision: None, last }.encode();
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        for revision in [None, Some(Revision(7))] {
            let token = Continue { revision, last: Key::new("a", "b") };
            assert_eq!(Continue::decode(&token.encode()), Ok(token));
        }
        assert_eq!(Continue::decode("x").unwrap_err().code, 400);
    }
}
