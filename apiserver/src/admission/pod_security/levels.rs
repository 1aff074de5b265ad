//! The labels of a namespace that say which standard its pods keep, and what happens if they do not.

use std::fmt;

use api::{field, object::Labels};

const PREFIX: &str = "pod-security.kubernetes.io/";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Enforce,
    Warn,
}

/// What a namespace asks for: `restricted:latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) level: Level,
    version: String,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        write!(f, "{level}:{}", self.version)
    }
}

/// Whether the namespace asks for anything.
pub(super) fn speak(labels: &Labels) -> bool {
    labels.iter().any(|(key, _)| key.starts_with(PREFIX))
}

pub(super) fn demand(labels: &Labels, mode: Mode) -> Demand {
    let mode = match mode {
        Mode::Enforce => "enforce",
        Mode::Warn => "warn",
    };
    let label =
        |key: &str| labels.iter().find(|(known, _)| known.strip_prefix(PREFIX) == Some(key)).map(|(_, value)| &**value);
    let level = match label(mode) {
        None | Some("privileged") => Level::Privileged,
        Some("baseline") => Level::Baseline,
        // What nobody understands is taken for the strictest.
        Some(_) => Level::Restricted,
    };
    Demand { level, version: label(&format!("{mode}-version")).unwrap_or("latest").to_owned() }
}

/// Labels of this prefix that nobody understands.
pub(super) fn errors(labels: &Labels) -> Vec<field::Error> {
    const LEVELS: &str = "must be one of privileged, baseline, restricted";
    const VERSIONS: &str = "must be \"latest\" or \"v1.x\"";
    let known =
        |value: &str| value == "latest" || value.strip_prefix("v1.").is_some_and(|minor| minor.parse::<u16>().is_ok());
    let wrong = |(key, value): &(Box<str>, Box<str>)| {
        let why = match key.strip_prefix(PREFIX)? {
            "enforce" | "warn" | "audit" => {
                (!matches!(&**value, "privileged" | "baseline" | "restricted")).then_some(LEVELS)
            }
            "enforce-version" | "warn-version" | "audit-version" => (!known(value)).then_some(VERSIONS),
            _ => None,
        }?;
        Some(field::Error::invalid(format!("metadata.labels[{key}]"), &**value, why))
    };
    labels.iter().filter_map(wrong).collect()
}
