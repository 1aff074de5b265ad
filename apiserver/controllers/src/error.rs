//! What a controller could not do.

use api::Key;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not create {kind} in `{namespace}`")]
    Create {
        kind: &'static str,
        namespace: String,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("could not read {kind} `{key}`")]
    Read {
        kind: &'static str,
        key: Key,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("could not change {kind} `{key}`")]
    Change {
        kind: &'static str,
        key: Key,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("could not delete {kind} `{key}`")]
    Delete {
        kind: &'static str,
        key: Key,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("could not understand {kind} `{key}`")]
    Decode {
        kind: &'static str,
        key: Key,
        #[source]
        source: serde_json::Error,
    },
    #[error("could not sign for `{key}`: {why}")]
    Sign { key: Key, why: String },
}

impl Error {
    fn status(&self) -> Option<&kube::core::Status> {
        let (Self::Create { source, .. }
        | Self::Read { source, .. }
        | Self::Change { source, .. }
        | Self::Delete { source, .. }) = self
        else {
            return None;
        };
        match source.as_ref() {
            kube::Error::Api(status) => Some(status),
            _ => None,
        }
    }

    /// Nothing can be made there any more, and soon there will be nothing that wants it.
    pub(crate) fn is_in_ending_namespace(&self) -> bool {
        let details = self.status().and_then(|status| status.details.as_ref());
        details.is_some_and(|details| details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating"))
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.status().is_some_and(|status| status.code == 404)
    }

    pub(crate) fn is_forbidden(&self) -> bool {
        self.status().is_some_and(|status| status.code == 403)
    }

    /// Somebody changed or replaced it meanwhile.
    pub(crate) fn is_conflict(&self) -> bool {
        self.status().is_some_and(|status| status.reason == "Conflict")
    }

    pub(crate) fn already_exists(&self) -> bool {
        self.status().is_some_and(|status| status.reason == "AlreadyExists")
    }

    /// The API's own words, for events and conditions.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Create { source, .. }
            | Self::Read { source, .. }
            | Self::Change { source, .. }
            | Self::Delete { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => status.message.clone(),
                other => other.to_string(),
            },
            Self::Decode { source, .. } => source.to_string(),
            Self::Sign { why, .. } => why.clone(),
        }
    }
}
