//! What a query asks for.

use api::Status;
use axum::extract::Query as Parsed;
use http::Uri;

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

    pub(crate) fn dry_run(&self) -> Result<DryRun, Status> {
        match self.get("dryRun") {
            "" => Ok(DryRun::No),
            "All" => Ok(DryRun::All),
            other => Err(Status::failure(
                422,
                "Invalid",
                format!("Invalid value: {other:?}: dryRun: Unsupported value: {other:?}: supported values: \"All\""),
            )),
        }
    }

    pub(crate) fn field_validation(&self) -> Result<FieldValidation, Status> {
        match self.get("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(Status::failure(
                422,
                "Invalid",
                format!("fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""),
            )),
        }
    }
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
