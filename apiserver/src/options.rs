//! What a query asks for.

use api::{Status, field};
use axum::extract::Query as Parsed;
use http::Uri;

use crate::handlers::managed::{LONGEST, is_printable};

/// The query's pairs, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// A query that cannot be read is an empty one, as upstream has it.
    pub(crate) fn of(uri: &Uri) -> Self {
        if uri.query().is_none() {
            return Self::default();
        }
        Self(Parsed::try_from_uri(uri).map(|Parsed(pairs)| pairs).unwrap_or_default())
    }

    /// The first value of `name`; empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1" | "True")
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Status> {
        match self.get(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))),
        }
    }

    /// Checks what a write may be told by its query: `options` is `CreateOptions`, `UpdateOptions` or `PatchOptions`, whose
    /// `apply` says whether it is a server-side apply.
    pub(crate) fn check_write(&self, options: &str, apply: Option<bool>) -> Result<(), Status> {
        let mut errors = Vec::new();
        let manager = self.get("fieldManager");
        match apply {
            Some(true) if manager.is_empty() => {
                errors.push(field::Error::required("fieldManager", "is required for apply patch"))
            }
            Some(false) if !self.get("force").is_empty() => {
                errors.push(field::Error::forbidden("force", "may not be specified for non-apply patch"));
            }
            _ => {}
        }
        if manager.len() > LONGEST {
            errors.push(field::Error::too_long("fieldManager", LONGEST));
        }
        for (at, letter) in manager.char_indices().filter(|(_, letter)| !is_printable(*letter)) {
            let why = format!("invalid character U+{:04X} (at position {at})", u32::from(letter));
            errors.push(field::Error::invalid("fieldManager", manager, why));
        }
        errors.extend(self.dry_run_error());
        let validation = self.get("fieldValidation");
        if !matches!(validation, "" | "Ignore" | "Strict" | "Warn") {
            let supported = ["", "Ignore", "Strict", "Warn"];
            errors.push(field::Error::not_supported("fieldValidation", validation, &supported));
        }
        if errors.is_empty() { Ok(()) } else { Err(invalid_options(options, &errors)) }
    }

    pub(crate) fn dry_run_error(&self) -> Option<field::Error> {
        let asked: Vec<&str> = self.all("dryRun").collect();
        let known = asked.iter().all(|run| matches!(*run, "All" | ""));
        (!known).then(|| dry_run_error(&asked))
    }

    pub(crate) fn dry_run(&self) -> DryRun {
        if self.get("dryRun").is_empty() { DryRun::No } else { DryRun::All }
    }

    pub(crate) fn field_validation(&self) -> FieldValidation {
        match self.get("fieldValidation") {
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            _ => FieldValidation::Warn,
        }
    }
}

/// `dryRun` with a value other than `All`. Go prints the list as it would stand in a program.
pub(crate) fn dry_run_error(asked: &[&str]) -> field::Error {
    let list: Vec<String> = asked.iter().map(|run| format!("{run:?}")).collect();
    let detail = format!("[]string{{{}}}: supported values: \"All\"", list.join(", "));
    field::Error { problem: field::Problem::NotSupported, field: "dryRun".into(), value: None, detail }
}

/// The 422 for options of a request, which are objects of `meta.k8s.io` upstream.
pub(crate) fn invalid_options(options: &str, errors: &[field::Error]) -> Status {
    Status::invalid_as("meta.k8s.io", options, "", errors)
}

/// Whether a write is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    All,
}

/// What becomes of fields that the schema does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}
